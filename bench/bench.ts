import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { BerthError } from "#errors.ts";
import { list, version } from "./commands.ts";
import type { Comparison, Outcome } from "./comparison.ts";
import { calls, containers } from "./containers.ts";
import { startsByEngine } from "./engines.ts";
import { isolatedFiles, isolatedStart, tenIsolated } from "./isolation.ts";
import { oneMachine, tenMachines } from "./machines.ts";
import { createPlace } from "./place.ts";
import { renderOutcome, renderTarget } from "./report.ts";
import { restingLoaders, serviceStart } from "./swarm.ts";

/*
 * `npm run bench`: compares berth with its peers in one run, on one machine, and on one engine started for it
 * (the host's dockerd in namespaces of its own) and removed afterwards; starts also on newer engines beside it.
 * It measures dist/berth and dist/berth-runtime.
 *
 * Peers take turns within each round, and each ratio or difference is the median over the rounds, so that the
 * machine's other load affects all alike. Absolute times depend on the machine and the moment: compare only
 * ratios, and only within one run.
 *
 * Machines are Debian 12 from the same image, created, started and awaited until systemd says `running`;
 * removing them is not timed. Their networks exist before. Peers boot them with the commonly published
 * options of `docker run`, and poll `systemctl is-system-running --wait` like a script.
 *
 * It ends with a line for each target, met or missed. A missed target is not a failure: the status is 1 only
 * if a measurement fails.
 */
const comparisons: readonly Comparison[] = [
  version,
  list,
  calls,
  containers,
  oneMachine,
  tenMachines,
  startsByEngine,
  isolatedStart,
  tenIsolated,
  isolatedFiles,
  serviceStart,
  restingLoaders,
];

const usage =
  "usage: npm run bench -- [PATTERN] [--rounds N] [--json]   (PATTERN is part of a comparison's name)";

interface Flags {
  readonly chosen: readonly Comparison[];
  readonly rounds: number | undefined;
  readonly json: boolean;
}

function readFlags(): Flags {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string" }, json: { type: "boolean", default: false } },
  });
  const { rounds, json } = values;
  const [pattern = "", ...more] = positionals;
  if (more.length > 0) throw new Error("only one pattern");
  if (rounds !== undefined && !/^[1-9]\d{0,3}$/.test(rounds)) throw new Error("--rounds takes 1 to 9999");
  const chosen = comparisons.filter(({ name }) => name.includes(pattern));
  if (chosen.length === 0)
    throw new Error(
      `no comparison is called like "${pattern}": ${comparisons.map(({ name }) => name).join("; ")}`,
    );
  return { chosen, rounds: rounds === undefined ? undefined : Number(rounds), json };
}

function flagsOrExit(): Flags {
  try {
    return readFlags();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}

async function main({ chosen, rounds, json }: Flags, signal: AbortSignal): Promise<void> {
  const [load = 0] = loadavg();
  if (load > availableParallelism() / 2) {
    console.error(
      `bench: the machine is busy (load ${load.toFixed(1)}): milliseconds will be too many, and ratios less certain`,
    );
  }
  const place = await createPlace(signal);
  try {
    if (!json) console.log(`on ${place.engine}, where a row names no other\n`);
    const outcomes: (Outcome & { readonly name: string; readonly engine: string })[] = [];
    for (const { name, rounds: own, run } of chosen) {
      const outcome = await run(place, rounds ?? own);
      outcomes.push({ name, engine: place.engine, ...outcome });
      if (!json) console.log(renderOutcome(name, outcome));
    }
    if (json) console.log(JSON.stringify(outcomes, undefined, 2));
    else for (const target of outcomes.flatMap(({ targets }) => targets)) console.log(renderTarget(target));
  } finally {
    await place.destroy();
  }
}

const flags = flagsOrExit();
const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => interruption.abort(new BerthError("interrupted", `interrupted by ${name}`)));
}
try {
  await main(flags, interruption.signal);
  process.exit(0);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof BerthError && error.hint !== undefined) console.error(`  → ${error.hint}`);
  process.exit(interruption.signal.aborted ? 130 : 1);
}
