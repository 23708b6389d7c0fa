import { type Comparison, differenceTarget, ratioTarget, seriesOf } from "./comparison.ts";
import { contender, shell, up, waitRunning } from "./machines.ts";
import { docker, image } from "./place.ts";
import { type Contender, interleave, timed } from "./rounds.ts";

/** What a user namespace of its own costs a machine; docs/profiles.md. */

const profiles = ["strict", "full"] as const;

/**
 * Until the init has been started: what the runtime does for it, and not what the guest then does with its
 * rights.
 */
export const isolatedStart: Comparison = {
  name: "docker start of a machine",
  rounds: 40,
  async run(place, rounds) {
    const start = (profile: string): Contender => ({
      name: profile,
      async measure() {
        await place.clear();
        await place.run(
          docker,
          "create",
          "-t",
          "--runtime=berth",
          `--env=BERTH_PROFILE=${profile}`,
          "--name=isolated",
          image,
        );
        return timed(() => place.run(docker, "start", "isolated"));
      },
    });
    const series = await interleave(profiles.map(start), rounds, place.signal);
    await place.clear();
    return {
      series,
      targets: [
        differenceTarget(
          "start: a user namespace beside none",
          15,
          seriesOf(series, "full"),
          seriesOf(series, "strict"),
        ),
      ],
    };
  },
};

export const tenIsolated: Comparison = {
  name: "ten machines at once, isolated or not",
  rounds: 5,
  async run(place, rounds) {
    const names = Array.from({ length: 10 }, (_, index) => `many${index}`);
    // What a privileged machine's units do they do in a full one: in a strict one systemd leaves most of
    // their sandboxes out.
    const contenders = ["privileged", "full", "strict"].map((profile) =>
      contender(place, profile, up(names, "--profile", profile)),
    );
    const series = await interleave(contenders, rounds, place.signal);
    return {
      series,
      targets: [
        ratioTarget(
          "ten machines: isolated beside not",
          1.05,
          seriesOf(series, "full"),
          seriesOf(series, "privileged"),
        ),
      ],
    };
  },
};

/**
 * All files of /usr read, and written again, through a machine's mapped layers and through an ordinary
 * container's.
 */
export const isolatedFiles: Comparison = {
  name: "files of /usr, read and written",
  rounds: 12,
  async run(place, rounds) {
    await place.clear();
    await place.run(docker, "run", "-d", "--name=plain", "--runtime=runc", image, "sleep", "infinity");
    await place.run(
      docker,
      "run",
      "-d",
      "-t",
      "--name=mapped",
      "--runtime=berth",
      "--env=BERTH_PROFILE=full",
      image,
    );
    await place.run("timeout", "60", ...shell(`${waitRunning}\nwait_running "$1"`, ["mapped"]));
    const script = "rm -rf /root/copy && mkdir /root/copy && tar -cf - -C / usr | tar -xf - -C /root/copy";
    const copy = (name: string, container: string): Contender => ({
      name,
      measure: () => timed(() => place.run(docker, "exec", container, "sh", "-c", script)),
    });
    const series = await interleave([copy("runc", "plain"), copy("full", "mapped")], rounds, place.signal);
    await place.clear();
    return {
      series,
      targets: [
        ratioTarget(
          "files: mapped layers beside runc",
          1.05,
          seriesOf(series, "full"),
          seriesOf(series, "runc"),
        ),
      ],
    };
  },
};
