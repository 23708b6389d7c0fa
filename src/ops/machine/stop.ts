import { unpauseContainer } from "#engine/containers.ts";
import { eachMachine, type MachineOutcome, type Reached } from "#ops/task/each-machine.ts";
import type { Task } from "#ops/task/task.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { stopOrder } from "#plan/machine/order.ts";
import { shutDown } from "./shut-down.ts";

export interface StopOptions {
  /** Seconds to shut down before a machine is killed, -1 without limit; the machine's own by default. */
  readonly timeout?: number | undefined;
}

/** Shuts machines down, dependents first. Leaves stopped ones. */
export async function stopMachines(
  task: Task,
  machines: readonly Machine[],
  options: StopOptions,
): Promise<readonly MachineOutcome[]> {
  return await eachMachine(task, stopOrder(machines), (machine) => stop(task, machine, options));
}

async function stop(
  { engine, signal, onState }: Task,
  { id, name, state }: Machine,
  { timeout }: StopOptions,
): Promise<Reached> {
  onState(name, "stopping");
  // A frozen init cannot handle a signal: it would be killed at the timeout.
  if (state === "paused") await unpauseContainer(engine, id, { signal });
  const changed = await shutDown(engine, id, { signal, timeout });
  if (changed) onState(name, "stopped");
  else onState(name, "unchanged", "not running");
  return { changed, state: "stopped" };
}
