import { waitContainer } from "#engine/containers.ts";
import { BerthError } from "#errors.ts";
import { eachMachine, type MachineOutcome, type Reached } from "#ops/task/each-machine.ts";
import type { Task } from "#ops/task/task.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { anyOrder } from "#plan/machine/order.ts";
import { waitBooted } from "./boot.ts";

export interface WaitOptions {
  readonly until: "running" | "stopped";
  /** Milliseconds; the default is no limit for `stopped`, and two minutes for `running`. */
  readonly timeout?: number | undefined;
}

export interface Waited extends MachineOutcome {
  /** The exit status of a machine that stopped. */
  readonly status: number | undefined;
}

const bootTimeout = 120_000;

/**
 * Waits for all machines at once: until they have booted, or until they have stopped. One that does not run
 * cannot boot: `boot-failed`.
 */
export async function waitMachines(
  task: Task,
  machines: readonly Machine[],
  options: WaitOptions,
): Promise<readonly Waited[]> {
  const { onState } = task;
  const statuses = new Map<string, number>();
  const work = async (machine: Machine): Promise<Reached> => {
    onState(machine.name, "waiting");
    if (options.until === "running") return await waitRunning(task, machine, options);
    const status = await waitStopped(task, machine, options);
    statuses.set(machine.name, status);
    onState(machine.name, "stopped", `status ${status}`);
    return { changed: false, state: "stopped" };
  };
  // Only to look on takes next to nothing.
  const concurrency = Math.max(1, machines.length);
  const outcomes = await eachMachine(task, anyOrder(machines), work, { concurrency });
  return outcomes.map((outcome) => ({ ...outcome, status: statuses.get(outcome.name) }));
}

async function waitRunning(
  { engine, signal, onState }: Task,
  { id, name, state, address }: Machine,
  { timeout = bootTimeout }: WaitOptions,
): Promise<Reached> {
  if (state !== "running" && state !== "restarting") {
    throw new BerthError("boot-failed", `${name} is not running: it is ${state}`, {
      hint: `berth start ${name}`,
      details: { state },
    });
  }
  const boot = await waitBooted(engine, id, name, { signal, timeout });
  onState(name, boot.state, address);
  return { changed: false, ...boot };
}

async function waitStopped(
  { engine, signal }: Task,
  { id, name }: Machine,
  { timeout }: WaitOptions,
): Promise<number> {
  const deadline = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
  try {
    return (
      await waitContainer(engine, id, {
        signal: deadline === undefined ? signal : AbortSignal.any([signal, deadline]),
      })
    ).StatusCode;
  } catch (error) {
    if (deadline?.aborted !== true || signal.aborted) throw error;
    throw new BerthError(
      "boot-timeout",
      `${name} did not stop within ${Math.round((timeout ?? 0) / 1000)} s`,
      {
        hint: `see what it waits for: berth exec ${name} systemctl list-jobs`,
      },
    );
  }
}
