import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { dist } from "#support/berth.ts";
import { cgroupsOf, idsOf, imageDigest, stageMounts, statesOf, takenSlots } from "#support/isolated.ts";
import { booted, inside, removeAll, removeContainers, runMachine, stateOf } from "#support/machine.ts";
import { addRuntime, canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { type View, views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});
/** docker's statuses for a container that was not started: by what it reads in the engine's words. */
const failedStart = [125, 126, 127];
const runtimeStates = "/run/berth/runtime/run/docker/runtime-runc/moby";

/** A berth-runtime that fails as the file `mode` beside it says, and is the real one without it. */
async function addFaulty(engine: Node): Promise<void> {
  const directory = faultyDirectory(engine);
  await mkdir(directory, { recursive: true });
  const launcher = (await readFile(join(dist, "berth-runtime"), "utf8")).replace(
    ":-runc}",
    `:-${directory}/runc}`,
  );
  const prelude = `#!/bin/sh\nhere='${directory}' dist='${dist}'\nread -r mode argument 2>/dev/null <"$here/mode" || :\n`;
  const programs = {
    "berth-runtime": launcher,
    berth: `${prelude}
      [ "$2" = create ] || exec "$dist/berth" "$@"
      case $mode in
        patcher-before) kill -KILL $$ ;;
        patcher-within) "$dist/berth" "$@" & sleep "$argument"; kill -KILL $!; wait; exit 9 ;;
        patcher-timed)
          began=$(date +%s%N)
          "$dist/berth" "$@" || exit
          echo "$(($(date +%s%N) - began))" >"$here/took" ;;
        patcher-after | abandoned) "$dist/berth" "$@"; kill -KILL $$ ;;
        *) exec "$dist/berth" "$@" ;;
      esac`,
    runc: `${prelude}
      verb=
      for word; do case $word in create | delete) verb=$word; break ;; esac; done
      previous=
      for word; do [ "$previous" != --bundle ] || bundle=$word; previous=$word; done
      case $verb-$mode in
        create-runc-fails) exit 1 ;;
        create-runc-killed | delete-delete-killed) kill -KILL $$ ;;
        delete-abandoned) kill -KILL $PPID $$ ;;
        create-hook-*) sed -i "s|$dist/berth-runtime|$here/hook|" "$bundle/config.json" ;;
        create-shim-killed) kill -KILL $PPID ;;
      esac
      exec runc "$@"`,
    hook: `${prelude}
      case $mode in
        hook-killed) kill -KILL $$ ;;
        hook-settled-killed) "$dist/berth-runtime" "$@"; kill -KILL $$ ;;
        hook-kills-runc) kill -KILL $PPID ;;
        hook-kills-runc-later) "$dist/berth-runtime" "$@"; kill -KILL $PPID ;;
      esac`,
  };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(directory, name), text);
    await chmod(join(directory, name), 0o755);
  }
  await setMode(engine, "");
  await addRuntime(engine, "faulty", join(directory, "berth-runtime"));
}

const faultyDirectory = (engine: Node) => join(dirname(engine.configFile), "faulty");
const setMode = (engine: Node, mode: string) => writeFile(join(faultyDirectory(engine), "mode"), `${mode}\n`);
/**
 * As states are that a minute has gone over, after which they are nobody's work any more; those, too, whose
 * maker ended before it had said when.
 */
const age = (engine: Node) =>
  engine.run(
    "sh",
    "-c",
    `for mark in ${runtimeStates}/*/stop-signal; do [ ! -e "$mark" ] || { sed -i '2s/.*/-120000/' "$mark" && touch -d '2 minutes ago' "$mark"; }; done`,
  );

/** What the engine says of a berth-runtime that ended with that status. */
const ended = (status: number) => `berth-runtime did not terminate successfully: exit status ${status}:`;
const hookKilled = "error running hook: signal: killed";

/**
 * What is killed, how `addFaulty` calls that, what the engine says of it, and on which views; those that have
 * to do with cgroups on both.
 */
const faults: readonly (readonly [string, string, string, readonly View[]])[] = [
  ["the patcher is killed before it has done anything", "patcher-before", ended(137), ["v2"]],
  ["the patcher is killed when the stage is mounted", "patcher-after", ended(137), ["v2"]],
  [
    "the patcher is killed when the stage is mounted, and what clears up, too",
    "abandoned",
    ended(137),
    ["v2"],
  ],
  ["the real runtime fails", "runc-fails", ended(1), ["v2"]],
  ["the real runtime is killed", "runc-killed", ended(137), ["v2"]],
  ["the hook is killed", "hook-killed", hookKilled, ["hybrid"]],
  ["the hook is killed when the stage is gone", "hook-settled-killed", hookKilled, ["hybrid"]],
  ["the real runtime is killed during the hook", "hook-kills-runc", ended(137), ["v2"]],
  ["the real runtime is killed after the hook", "hook-kills-runc-later", ended(137), ["hybrid", "v2"]],
  ["the shim is killed", "shim-killed", "ttrpc: closed", ["hybrid"]],
];

describe.skipIf(!canHaveEngines)("after a fault in the start of an isolated machine (needs root)", () => {
  const digests = new Map<string, string>();
  beforeAll(async () => {
    for (const view of views) {
      await addFaulty(node(view));
      digests.set(view, await imageDigest(node(view), "bookworm"));
    }
  }, 30_000);

  /** Whatever went wrong: nothing of it is left after the next start. */
  async function expectNothingLeft(view: View): Promise<void> {
    const engine = node(view);
    await setMode(engine, "");
    await removeAll(engine);
    await age(engine);
    const id = await runMachine(engine, "next", "bookworm");
    expect(await stageMounts(engine)).toBe("");
    expect(await statesOf(engine)).toEqual([`${runtimeStates}/${id}/stop-signal`]);
    expect((await engine.run("ls", runtimeStates)).stdout).toBe(`${id}\n`);
    expect(await takenSlots(engine)).toEqual([`${runtimeStates}/${id}`]);
    await removeContainers(engine, "next");
    expect(await statesOf(engine)).toEqual([]);
    await waitFor(
      "no cgroup is left",
      async () => ((await cgroupsOf(engine)) === "" ? true : undefined),
      3000,
    );
  }
  afterEach(async () => {
    for (const view of views) {
      await setMode(node(view), "");
      await removeAll(node(view));
    }
  });

  /** Expects a start to fail for a reason, as the engine words it. */
  async function expectFailure(engine: Node, reason: string, ...flags: readonly string[]): Promise<void> {
    const { status, stderr } = await engine.tryDocker("run", "-d", "-t", ...flags, "bookworm");
    expect(stderr).toContain(reason);
    expect(failedStart).toContain(status);
  }
  const faulty = (name: string) => ["--runtime=faulty", "--name", name];

  test.each(
    faults.flatMap(([what, mode, reason, on]) => on.map((view) => [what, view, mode, reason] as const)),
  )("%s, on %s: the start fails, and the same machine starts afterwards", async (_, view, mode, reason) => {
    const engine = node(view);
    await setMode(engine, mode);
    await expectFailure(engine, reason, ...faulty("one"));
    await setMode(engine, "");
    await engine.docker("start", "one");
    expect(await booted(engine, "one")).toBe("running");
    expect((await idsOf(engine, "one")).base).toBeGreaterThanOrEqual(0x7000_0000);
    expect(await stageMounts(engine)).toBe("");
    await expectNothingLeft(view);
  });

  test("the patcher is killed anywhere within", async () => {
    const engine = node("v2");
    await setMode(engine, "patcher-timed");
    await engine.docker("run", "-d", "-t", ...faulty("timed"), "bookworm");
    const took = Number(await readFile(join(faultyDirectory(engine), "took"), "utf8")) / 1e9;
    await removeContainers(engine, "timed");
    for (const eighth of [1, 2, 3, 4, 5, 6, 7]) {
      await setMode(engine, `patcher-within ${((took * eighth) / 8).toFixed(3)}`);
      await expectFailure(engine, ended(9), ...faulty(`within-${eighth}`));
    }
    await expectNothingLeft("v2");
  });

  test("the machine's mounts cannot be made, or its network is not there", async () => {
    const engine = node("hybrid");
    for (const [flag, reason] of [
      ["--volume=/tmp:/etc/passwd/below", 'to rootfs at "/etc/passwd/below"'],
      ["--network=nowhere", "network nowhere not found"],
      ["--workdir=/etc/passwd", "/etc/passwd is not a directory"],
    ] as const) {
      await expectFailure(engine, reason, "--runtime=berth", flag);
      expect(await stageMounts(engine)).toBe("");
      expect(await statesOf(engine)).toEqual([]);
    }
    await expectNothingLeft("hybrid");
  });

  test("the shim of a running machine is killed: it starts again", async () => {
    const engine = node("v2");
    await runMachine(engine, "one", "bookworm");
    expect(await booted(engine, "one")).toBe("running");
    await inside(engine, "one", "echo dear >/root/letter; sync");
    const { pid } = await stateOf(engine, "one");
    const shim = (await engine.run("awk", "{print $4}", `/proc/${pid}/stat`)).stdout.trim();
    expect((await engine.run("cat", `/proc/${shim}/comm`)).stdout).toContain("containerd-shim");
    await engine.run("kill", "-KILL", shim);
    await waitFor("the engine takes note", async () =>
      (await stateOf(engine, "one")).running ? undefined : true,
    );
    await engine.docker("start", "one");
    expect(await booted(engine, "one")).toBe("running");
    expect(await inside(engine, "one", "cat /root/letter")).toBe("dear");
    await expectNothingLeft("v2");
  });

  test.each(["delete-killed", "abandoned"])(
    "the delete of a stopped machine is killed (%s): it starts again",
    async (mode) => {
      const engine = node("v2");
      await engine.docker("run", "-d", "-t", "--runtime=faulty", "--name", "one", "bookworm");
      expect(await booted(engine, "one")).toBe("running");
      await setMode(engine, mode);
      await engine.docker("stop", "one");
      await setMode(engine, "");
      await engine.docker("start", "one");
      expect(await booted(engine, "one")).toBe("running");
      await expectNothingLeft("v2");
    },
  );

  test("ten at once have ranges of their own", async () => {
    const engine = node("hybrid");
    const names = Array.from({ length: 10 }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => runMachine(engine, name, "bookworm")));
    const ids = await Promise.all(names.map((name) => idsOf(engine, name)));
    expect(new Set(ids.map(({ base }) => base)).size).toBe(10);
    expect(await takenSlots(engine)).toHaveLength(10);
    await expectNothingLeft("hybrid");
  });

  test.each(views)(
    "berth doctor --fix on %s removes what a crash left, without a further start",
    async (view) => {
      const engine = node(view);
      await setMode(engine, "abandoned");
      await expectFailure(engine, ended(137), ...faulty("one"));
      await removeContainers(engine, "one");
      // The stage has ended with the runtime that had it in its own mount namespace.
      expect(await stageMounts(engine)).toBe("");
      expect(await statesOf(engine)).not.toEqual([]);
      await age(engine);
      const fixed = await engine.berth("doctor --fix");
      expect(await statesOf(engine), `${fixed.stdout}${fixed.stderr}`).toEqual([]);
      await expectNothingLeft(view);
    },
  );

  test.each(views)("after all that the image on %s is what it was", async (view) => {
    expect(await imageDigest(node(view), "bookworm")).toBe(digests.get(view) ?? "none");
  });
});
