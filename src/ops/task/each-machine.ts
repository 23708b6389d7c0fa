import { BerthError, hasCode } from "#errors.ts";
import type { FailedUnit } from "#plan/machine/boot-state.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { createLimit } from "./limit.ts";

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

export interface EachOptions {
  /** How many at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Called with each machine that fails, as it does. */
  readonly onFailed: (name: string, error: BerthError) => void;
}

/**
 * Does the work on each machine, wave after wave, bounded within one. A machine that fails stops no other:
 * its error is in its outcome. Only an interruption and what is no BerthError end it all.
 */
export async function eachMachine(
  waves: readonly (readonly Machine[])[],
  options: EachOptions,
  work: (machine: Machine) => Promise<Reached>,
): Promise<readonly MachineOutcome[]> {
  const limit = createLimit(options.parallel);
  const outcomes: MachineOutcome[] = [];
  for (const wave of waves) {
    const settled = await Promise.allSettled(
      wave.map((machine) => limit(() => attempt(machine, options, work))),
    );
    for (const one of settled) {
      if (one.status === "rejected") throw one.reason;
      outcomes.push(one.value);
    }
  }
  return outcomes;
}

async function attempt(
  machine: Machine,
  options: EachOptions,
  work: (machine: Machine) => Promise<Reached>,
): Promise<MachineOutcome> {
  const { name } = machine;
  try {
    options.signal.throwIfAborted();
    return { failedUnits: [], ...(await work(machine)), name, error: undefined };
  } catch (error) {
    if (!(error instanceof BerthError) || hasCode(error, "interrupted") || options.signal.aborted)
      throw error;
    options.onFailed(name, error);
    return { name, changed: false, state: "failed", failedUnits: [], error };
  }
}
