import { hasCode } from "#errors.ts";

/** Poll interval in milliseconds for an unreachable engine. */
export const awayInterval = 500;

/**
 * Whether an engine is temporarily unreachable: machines continue without it, and so must their guards and
 * loaders.
 */
export function isEngineAway(error: unknown): boolean {
  return hasCode(error, "engine-lost") || hasCode(error, "engine-unreachable");
}
