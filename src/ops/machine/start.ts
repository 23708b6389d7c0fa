import type { Engine } from "#engine/connection/engine.ts";
import { startContainer, unpauseContainer } from "#engine/containers.ts";
import { label, parseSpecLabel } from "#labels/machine.ts";
import { eachMachine, type MachineOutcome, type Reached } from "#ops/task/each-machine.ts";
import type { Task } from "#ops/task/task.ts";
import { bindsOf } from "#plan/machine/binds.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { startOrder } from "#plan/machine/order.ts";
import { bindWarnings } from "./bind-warnings.ts";
import { waitBooted } from "./boot.ts";

export interface StartOptions {
  /** Milliseconds for one machine's boot. */
  readonly timeout: number;
  /** Whether to wait until they have booted. */
  readonly wait: boolean;
  /** Users of the host who may control the paths bound into machines. */
  readonly trusted: ReadonlySet<number>;
}

/**
 * Starts stopped machines and resumes paused ones, dependencies first; leaves running ones. With `wait`, a
 * machine is done when its init reports the boot, and its dependents start then.
 */
export async function startMachines(
  task: Task,
  machines: readonly Machine[],
  options: StartOptions,
): Promise<readonly MachineOutcome[]> {
  const { engine, signal, onWarning } = task;
  const binds = machines.flatMap(({ labels }) => bindsOf(parseSpecLabel(labels[label.spec])));
  for (const warning of await bindWarnings(engine, binds, { trusted: options.trusted, signal }))
    onWarning(warning);
  return await eachMachine(task, startOrder(machines), (machine) => start(task, machine, options));
}

async function start(
  { engine, signal, onState }: Task,
  { id, name, state, address }: Machine,
  options: StartOptions,
): Promise<Reached> {
  onState(name, "starting");
  const changed =
    state === "paused" ? await unpause(engine, id, signal) : await startContainer(engine, id, { signal });
  if (!options.wait) {
    onState(name, changed ? "started" : "unchanged", address);
    return { changed, state: "started" };
  }
  onState(name, "booting", address);
  const boot = await waitBooted(engine, id, name, { signal, timeout: options.timeout });
  onState(
    name,
    boot.state === "running" && !changed ? "unchanged" : boot.state,
    changed ? address : "already running",
  );
  return { changed, ...boot };
}

async function unpause(engine: Engine, id: string, signal: AbortSignal): Promise<true> {
  await unpauseContainer(engine, id, { signal });
  return true;
}
