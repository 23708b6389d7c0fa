import { hasCode } from "#errors.ts";

/** Milliseconds until an engine that is away is asked again. */
export const awayInterval = 500;

/**
 * Whether an engine is temporarily unreachable: machines continue without it, and so must their guards and
 * loaders.
 */
export function isEngineAway(error: unknown): boolean {
  return hasCode(error, "engine-lost") || hasCode(error, "engine-unreachable");
}
