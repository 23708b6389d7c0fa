import { hasCode } from "#errors.ts";

/** Milliseconds until an engine that is away is asked again. */
export const awayInterval = 500;

/**
 * Whether an engine does not answer for a while: machines run on without it, and so must who looks after
 * them.
 */
export function isEngineAway(error: unknown): boolean {
  return hasCode(error, "engine-lost") || hasCode(error, "engine-unreachable");
}
