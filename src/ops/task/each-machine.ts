import { BerthError, hasCode } from "#errors.ts";
import type { FailedUnit } from "#plan/machine/boot-state.ts";
import type { Ordered } from "#plan/machine/order.ts";
import { defaultConcurrency } from "./concurrency.ts";
import { runJobs } from "./run-jobs.ts";
import type { Task } from "./task.ts";

/** What came of one machine of several. */
export interface MachineOutcome {
  readonly name: string;
  /** False when nothing had to be done. */
  readonly changed: boolean;
  /** `started` is a machine whose boot was not waited for. */
  readonly state: "running" | "degraded" | "started" | "stopped" | "removed" | "failed";
  /** Empty unless degraded. */
  readonly failedUnits: readonly FailedUnit[];
  readonly error: BerthError | undefined;
}

export type Reached = Pick<MachineOutcome, "changed" | "state"> & {
  readonly failedUnits?: readonly FailedUnit[];
};

/**
 * Runs the work on each machine in its turn, with the default concurrency. A failing machine does not stop
 * others: its error is in its outcome, and reported at once. Rejects on interruption, and on any error but a
 * BerthError.
 */
export async function eachMachine<M>(
  task: Task,
  machines: readonly Ordered<M>[],
  work: (machine: M) => Promise<Reached>,
  given?: { readonly concurrency: number },
): Promise<readonly MachineOutcome[]> {
  const { signal, onState } = task;
  const concurrency = given?.concurrency ?? (await defaultConcurrency(task, machines.length));
  return await runJobs(machines, { concurrency, signal }, async ({ name, machine }) => {
    try {
      return { failedUnits: [], ...(await work(machine)), name, error: undefined };
    } catch (error) {
      if (!isOwnFailure(error, signal)) throw error;
      onState(name, "failed", firstLine(error));
      return { name, changed: false, state: "failed", failedUnits: [], error };
    }
  });
}

/** Whether an error concerns one machine only, not the whole task. */
export function isOwnFailure(error: unknown, signal: AbortSignal): error is BerthError {
  return error instanceof BerthError && !hasCode(error, "interrupted") && !signal.aborted;
}

/** What fits beside a machine's name. */
export function firstLine({ message }: BerthError): string {
  return message.split("\n")[0] ?? "";
}
