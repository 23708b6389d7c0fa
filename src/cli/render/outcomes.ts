import { BerthError } from "#errors.ts";
import type { MachineOutcome } from "#ops/task/each-machine.ts";

/** Every machine's failure as an error, a degraded boot too. */
export function outcomeErrors(outcomes: readonly MachineOutcome[]): readonly BerthError[] {
  return outcomes.flatMap(({ name, state, failedUnits, error }) => {
    if (error !== undefined) return [error];
    if (state !== "degraded") return [];
    const [first] = failedUnits;
    return [
      new BerthError("boot-degraded", `${name} booted degraded`, {
        details: { units: failedUnits },
        ...(first !== undefined && {
          hint: `look closer: berth exec ${name} systemctl status ${first.unit}`,
        }),
      }),
    ];
  });
}

/** Outcomes for programs: errors as `--json` shows them everywhere. */
export function outcomesToJson(outcomes: readonly MachineOutcome[]): readonly unknown[] {
  return outcomes.map(({ error, ...rest }) =>
    error === undefined
      ? rest
      : {
          ...rest,
          error: { code: error.code, message: error.message, hint: error.hint, details: error.details },
        },
  );
}
