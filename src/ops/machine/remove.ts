import { inspectContainer, removeContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { removeCgroupParent } from "#ops/engine/cgroup-parent.ts";
import { eachMachine, type MachineOutcome, type Reached } from "#ops/task/each-machine.ts";
import type { Task } from "#ops/task/task.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { anyOrder } from "#plan/machine/order.ts";

export interface RemoveOptions {
  /** Kills a machine that runs. */
  readonly force: boolean;
}

/**
 * Removes machines with their file systems and anonymous volumes, never named ones. Throws `conflict` for a
 * running machine unless forced. On an engine of this host, also removes the parent cgroup of a machine made
 * without berth-runtime.
 */
export async function removeMachines(
  task: Task,
  machines: readonly Machine[],
  options: RemoveOptions,
): Promise<readonly MachineOutcome[]> {
  return await eachMachine(task, anyOrder(machines), (machine) => remove(task, machine, options));
}

async function remove(
  { engine, signal, onState }: Task,
  machine: Machine,
  { force }: RemoveOptions,
): Promise<Reached> {
  const { id, name } = machine;
  onState(name, "removing");
  let changed = true;
  try {
    const { State, HostConfig } = await inspectContainer(engine, id, { signal });
    if (!force && (State.Running || State.Paused || State.Restarting)) {
      throw new BerthError("conflict", `${name} is ${State.Status}`, {
        hint: `stop it first (berth stop ${name}), or remove it with --force`,
      });
    }
    await removeContainer(engine, id, { force, volumes: true, signal });
    await removeCgroupParent(engine, HostConfig.CgroupParent);
  } catch (error) {
    // Another process removed it meanwhile.
    if (!hasCode(error, "not-found")) throw error;
    changed = false;
  }
  onState(name, "removed");
  return { changed, state: "removed" };
}
