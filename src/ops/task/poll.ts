import { setTimeout as sleep } from "node:timers/promises";

const pauseMs = 50;

/**
 * Looks until there is something to see, at most `limitMs` milliseconds, once at least; undefined when the
 * time is over.
 */
export async function poll<T>(
  limitMs: number,
  look: () => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  for (
    const end = performance.now() + limitMs;
    ;
    await sleep(pauseMs, undefined, { ...(signal && { signal }) })
  ) {
    const seen = await look();
    if (seen !== undefined || performance.now() >= end) return seen;
  }
}
