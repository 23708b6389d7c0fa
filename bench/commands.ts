import { spawnSync } from "node:child_process";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import { type Comparison, seriesOf, target } from "./comparison.ts";
import { berth, docker, image, type Place } from "./place.ts";
import { type Contender, interleave, median, timed } from "./rounds.ts";

export const version: Comparison = {
  name: "the smallest command",
  rounds: 30,
  async run(place, rounds) {
    const series = await interleave(
      [command(place, docker, "--version"), command(place, berth, "--version")],
      rounds,
      place.signal,
    );
    return {
      series,
      targets: [target("berth --version", median(seriesOf(series, "berth --version").samples), 25, "ms")],
    };
  },
};

const machines = 20;

export const list: Comparison = {
  name: `a list of ${machines} machines`,
  rounds: 30,
  async run(place, rounds) {
    await place.clear();
    for (let index = 0; index < machines; index += 1) {
      const name = `listed${index}`;
      await place.run(docker, "create", "--name", name, "--label", `${label.machine}=${name}`, image);
    }
    const series = await interleave(
      [command(place, docker, "ps", "--all"), command(place, berth, "ls")],
      rounds,
      place.signal,
    );
    await place.clear();
    return {
      series,
      targets: [
        target(`berth ls, ${machines} machines`, median(seriesOf(series, "berth ls").samples), 100, "ms"),
      ],
    };
  },
};

/** Waits in the kernel, not in an event loop, for what takes only milliseconds. */
function command({ env }: Place, program: string, ...args: readonly string[]): Contender {
  const name = [program.replace(/^.*\//, ""), ...args].join(" ");
  return {
    name,
    measure: () =>
      timed(() => {
        const { status, stderr } = spawnSync(program, args, {
          env: env as NodeJS.ProcessEnv,
          stdio: ["ignore", "ignore", "pipe"],
        });
        if (status !== 0) throw new BerthError("tool-failed", `${name} failed: ${stderr.toString().trim()}`);
      }),
  };
}
