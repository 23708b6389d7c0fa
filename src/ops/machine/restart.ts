import type { MachineOutcome } from "#ops/task/each-machine.ts";
import type { Task } from "#ops/task/task.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { type StartOptions, startMachines } from "./start.ts";
import { stopMachines } from "./stop.ts";

export interface RestartOptions extends StartOptions {
  /** Seconds to shut down before a machine is killed, -1 without limit; the machine's own by default. */
  readonly stopTimeout?: number | undefined;
}

/**
 * Stops machines, dependents first, then starts them the other way round. One that cannot be stopped is not
 * started.
 */
export async function restartMachines(
  task: Task,
  machines: readonly Machine[],
  { stopTimeout, ...options }: RestartOptions,
): Promise<readonly MachineOutcome[]> {
  // "stopped" is not where a restart ends, so it is not shown.
  const onState: Task["onState"] = (name, state, detail) => {
    if (state === "stopping" || state === "failed") task.onState(name, state, detail);
  };
  const stopped = await stopMachines({ ...task, onState }, machines, { timeout: stopTimeout });
  const broken = stopped.filter((outcome) => outcome.error !== undefined);
  const startable = machines
    .filter((machine) => !broken.some((outcome) => outcome.name === machine.name))
    .map((machine) => ({ ...machine, state: "exited" }));
  return [...broken, ...(await startMachines(task, startable, options))];
}
