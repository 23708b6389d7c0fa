import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerStats } from "#api/stats.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { readStats } from "#engine/stats.ts";
import { hasCode } from "#errors.ts";
import { createLimit } from "#ops/task/limit.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { type MachineUsage, usageOf } from "#plan/machine/usage.ts";
import { findMachines, listMachines } from "./machines.ts";

export interface SampleOptions {
  /** Which machines; all that run when empty. */
  readonly names: readonly string[];
  /** Milliseconds between samples. */
  readonly interval: number;
  readonly signal: AbortSignal;
}

const concurrency = 16;

/**
 * The machines' usage, at once and then at each interval; the CPU share is known from the second sample on.
 * Each sample covers the machines that exist then. Ends with `interrupted` by its signal.
 */
export async function* sampleMachines(
  engine: Engine,
  options: SampleOptions,
): AsyncGenerator<readonly MachineUsage[]> {
  const { names, interval, signal } = options;
  const limit = createLimit(concurrency);
  let before: ReadonlyMap<string, ContainerStats> = new Map();
  for (;;) {
    const began = performance.now();
    const machines =
      names.length > 0 ? await findMachines(engine, names, signal) : await running(engine, signal);
    const samples = await Promise.all(
      machines.map((machine) => limit(() => sample(engine, machine, signal))),
    );
    yield samples.map(({ machine, stats }) => usageOf(machine, stats, before.get(machine.id)));
    before = new Map(
      samples.flatMap(({ machine, stats }) => (stats === undefined ? [] : [[machine.id, stats] as const])),
    );
    await sleep(Math.max(0, interval - (performance.now() - began)), undefined, { signal });
  }
}

async function running(engine: Engine, signal: AbortSignal): Promise<readonly Machine[]> {
  return (await listMachines(engine, signal)).filter(
    (machine) => machine.state === "running" || machine.state === "paused",
  );
}

interface Sample {
  readonly machine: Machine;
  readonly stats: ContainerStats | undefined;
}

async function sample(engine: Engine, machine: Machine, signal: AbortSignal): Promise<Sample> {
  // The engine has nothing to say of a machine that does not run, and takes its time to.
  if (machine.state !== "running" && machine.state !== "paused") return { machine, stats: undefined };
  try {
    return { machine, stats: await readStats(engine, machine.id, { oneShot: true, signal }) };
  } catch (error) {
    // Removed since it was listed.
    if (hasCode(error, "not-found")) return { machine, stats: undefined };
    throw error;
  }
}
