import { setTimeout as sleep } from "node:timers/promises";

/**
 * Looks until it gives something, neither undefined nor false, and resolves to that; throws what was waited
 * for when the time is over, 30 s by default. For what happens by itself and gives no sign.
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  limitMs = 30_000,
): Promise<T> {
  for (const end = performance.now() + limitMs; ; await sleep(50)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
  }
}
