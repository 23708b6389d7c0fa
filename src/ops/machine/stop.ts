import type { Engine } from "#engine/connection/engine.ts";
import { unpauseContainer } from "#engine/containers.ts";
import type { BerthError } from "#errors.ts";
import { eachMachine, type MachineOutcome, type Reached } from "#ops/task/each-machine.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { planWaves } from "#plan/machine/waves.ts";
import { dependenciesOf } from "./down.ts";
import { shutDown } from "./shut-down.ts";

export type StopState = "stopping" | "stopped" | "unchanged" | "failed";

export interface StopOptions {
  readonly signal: AbortSignal;
  /** Seconds to shut down before a machine is killed, -1 for ever; its own by default. */
  readonly timeout?: number | undefined;
  readonly onState: (name: string, state: StopState, detail?: string) => void;
}

/** Stopping is waiting, mostly for init; more at once only keeps the engine busy. */
const mostAtOnce = 16;

/** Shuts machines down, those that depend on others of them first. One that does not run stays as it is. */
export async function stopMachines(
  engine: Engine,
  machines: readonly Machine[],
  options: StopOptions,
): Promise<readonly MachineOutcome[]> {
  const { signal, onState } = options;
  const waves = planWaves(machines.map((machine) => ({ ...machine, dependsOn: dependenciesOf(machine) })));
  const onFailed = (name: string, error: BerthError) => onState(name, "failed", error.message.split("\n")[0]);
  return await eachMachine(waves, { parallel: mostAtOnce, signal, onFailed }, (machine) =>
    stop(engine, machine, options),
  );
}

async function stop(
  engine: Engine,
  { id, name, state }: Machine,
  { signal, timeout, onState }: StopOptions,
): Promise<Reached> {
  onState(name, "stopping");
  // A frozen init takes no signal: it would be killed when the time is over.
  if (state === "paused") await unpauseContainer(engine, id, { signal });
  const changed = await shutDown(engine, id, { signal, timeout });
  if (changed) onState(name, "stopped");
  else onState(name, "unchanged", "does not run");
  return { changed, state: "stopped" };
}
