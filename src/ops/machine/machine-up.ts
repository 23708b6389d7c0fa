import type { BerthError } from "#errors.ts";
import type { Difference } from "#labels/machine.ts";
import type { Boot } from "#plan/machine/boot-state.ts";
import type { PreparedMachine } from "./prepare-machine.ts";

/** What came of one machine in `up`. */
export interface MachineUp {
  readonly name: string;
  /** What `up` did to it. */
  readonly action: "created" | "started" | "kept";
  readonly state: "running" | "degraded" | "started" | "failed" | "skipped";
  readonly address: string | undefined;
  readonly init: string | undefined;
  /** Milliseconds from the start until init reported the boot; undefined for one that ran already. */
  readonly bootMs: number | undefined;
  readonly failedUnits: Boot["failedUnits"];
  /** Where it differs from what is asked for. */
  readonly differences: readonly Difference[];
  readonly error: BerthError | undefined;
}

/** A machine's facts together with its outcome. */
export function machineUp(
  { step, address, init }: PreparedMachine,
  outcome: Pick<MachineUp, "state"> & Partial<Pick<MachineUp, "bootMs" | "failedUnits" | "error">>,
): MachineUp {
  return {
    name: step.machine.name,
    action: step.do === "create" ? "created" : step.do === "keep" ? "kept" : "started",
    address,
    init,
    bootMs: undefined,
    failedUnits: [],
    differences: step.do === "create" ? [] : step.differences,
    error: undefined,
    ...outcome,
  };
}
