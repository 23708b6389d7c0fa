import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Comparison, differenceTarget, seriesOf } from "./comparison.ts";
import { docker, image, launcher, type Place } from "./place.ts";
import { type Contender, interleave, timed } from "./rounds.ts";

/** What berth-runtime costs a container that does not boot. */
export const containers: Comparison = {
  name: "docker run --rm IMAGE true",
  rounds: 60,
  async run(place, rounds) {
    const contender = (runtime: string, name: string): Contender => ({
      name,
      measure: () => timed(() => place.run(docker, "run", "--rm", `--runtime=${runtime}`, image, "true")),
    });
    const series = await interleave(
      [contender("runc", "runc"), contender("berth", "berth-runtime")],
      rounds,
      place.signal,
    );
    const [runc, ours] = [seriesOf(series, "runc"), seriesOf(series, "berth-runtime")];
    return {
      series,
      targets: [differenceTarget("docker run --rm IMAGE true: berth-runtime beside runc", 3, ours, runc)],
    };
  },
};

/** Calls in one sample: a call takes milliseconds, and starting a sample takes as long. */
const batch = 20;

/**
 * Measures the launcher with /bin/true as its real runtime against /bin/true itself: berth's own share. The
 * bundles are an engine's, and the launcher's files in /run vanish with the engine's namespace.
 */
export const calls: Comparison = {
  name: "one call of a runtime, which is /bin/true",
  rounds: 15,
  async run(place, rounds) {
    const bundles = await makeBundles(place);
    const contender = (name: string, bundle: string, command: string): Contender => ({
      name,
      async measure() {
        // All contenders copy, so it cancels: berth rewrites config.json, and the next call needs it as it
        // was.
        const loop = `i=0; while [ $i -lt ${batch} ]; do i=$((i + 1)); cp ${bundle}/original ${bundle}/config.json; ${command} || exit; done`;
        const enter = [
          `--target=${place.node.pid}`,
          "--mount",
          "--pid",
          "--",
          "env",
          "BERTH_REAL_RUNTIME=/bin/true",
          "sh",
          "-c",
          loop,
        ];
        return (await timed(() => place.run("nsenter", ...enter))) / batch;
      },
    });
    const create = (bundle: string) =>
      `--root /run/bench --log ${bundle}/log create --bundle ${bundle} ${randomUUID().replaceAll("-", "")}`;
    const series = await interleave(
      [
        contender("/bin/true", bundles.plain, `/bin/true ${create(bundles.plain)}`),
        contender("launcher: state", bundles.plain, `${launcher} --root /run/bench state 0`),
        contender("launcher: create", bundles.plain, `${launcher} ${create(bundles.plain)}`),
        contender(
          "launcher: create one that boots",
          bundles.booting,
          `${launcher} ${create(bundles.booting)}`,
        ),
      ],
      rounds,
      place.signal,
    );
    const peer = seriesOf(series, "/bin/true");
    return {
      series,
      targets: [
        differenceTarget(
          "a container that boots: launcher and patch",
          10,
          seriesOf(series, "launcher: create one that boots"),
          peer,
        ),
      ],
    };
  },
};

/** Two bundles with a root: one that runs a program, and one that runs an init. */
async function makeBundles(place: Place): Promise<{ readonly plain: string; readonly booting: string }> {
  const id = (await place.run(docker, "run", "--detach", image, "sleep", "infinity")).stdout.trim();
  const file = `/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/${id}/config.json`;
  const { stdout: plain } = await place.node.run("cat", file);
  const config = JSON.parse(plain) as { readonly process: { readonly env: readonly string[] } };
  // What a user namespace costs shows only where a real runtime takes over what is mounted for it: see
  // isolation.ts.
  const env = [...config.process.env, "BERTH_PROFILE=strict"];
  const booting = JSON.stringify({ ...config, process: { ...config.process, env, args: ["/sbin/init"] } });
  const write = async (name: string, text: string) => {
    const bundle = join(place.directory, name);
    await mkdir(bundle);
    await writeFile(join(bundle, "original"), text);
    return bundle;
  };
  return { plain: await write("plain", plain), booting: await write("booting", booting) };
}
