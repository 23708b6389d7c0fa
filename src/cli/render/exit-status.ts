import { BerthError } from "#errors.ts";

/** How one machine of several ended. */
interface Ended {
  readonly state: string;
  readonly error: BerthError | undefined;
}

const degraded = new BerthError("boot-degraded", "").exitStatus;

/**
 * The exit status of a command on several machines: the worst of theirs, 5 before 4 before 3 before 1, where
 * a degraded boot is 5; undefined when all went well. One that was skipped has none of its own.
 */
export function worstStatus(outcomes: readonly Ended[]): number | undefined {
  const statuses = outcomes.flatMap(({ state, error }) =>
    error !== undefined ? [error.exitStatus] : state === "degraded" ? [degraded] : [],
  );
  return statuses.length === 0 ? undefined : Math.max(...statuses);
}
