import type { Engine } from "#engine/connection/engine.ts";
import type { MachineOutcome } from "#ops/task/each-machine.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { type StartOptions, startMachines } from "./start.ts";
import { type StopOptions, stopMachines } from "./stop.ts";

export interface RestartOptions extends Omit<StartOptions, "onState"> {
  /** Seconds to shut down before a machine is killed, -1 for ever; its own by default. */
  readonly stopTimeout?: number | undefined;
  readonly onState: (
    name: string,
    state: Parameters<StartOptions["onState"]>[1] | "stopping",
    detail?: string,
  ) => void;
}

/**
 * Stops machines, dependents first, then starts them the other way round. One that cannot be stopped is not
 * started.
 */
export async function restartMachines(
  engine: Engine,
  machines: readonly Machine[],
  options: RestartOptions,
): Promise<readonly MachineOutcome[]> {
  const { signal, stopTimeout, onState } = options;
  // "stopped" is not where a restart ends, so it is not shown.
  const onStop: StopOptions["onState"] = (name, state, detail) => {
    if (state === "stopping" || state === "failed") onState(name, state, detail);
  };
  const stopped = await stopMachines(engine, machines, { signal, timeout: stopTimeout, onState: onStop });
  const broken = stopped.filter((outcome) => outcome.error !== undefined);
  const startable = machines
    .filter((machine) => !broken.some((outcome) => outcome.name === machine.name))
    .map((machine) => ({ ...machine, state: "exited" }));
  return [...broken, ...(await startMachines(engine, startable, options))];
}
