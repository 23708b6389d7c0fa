import { setTimeout as sleep } from "node:timers/promises";

/** How much longer than usual everything may take, on a processor that is emulated (BERTH_TEST_PATIENCE). */
const patience = Number(process.env.BERTH_TEST_PATIENCE || 1);

/** A limit of time, of any unit, as it is on this host. */
export function patient(limit: number): number {
  return limit * patience;
}

/**
 * Looks until it gives something, neither undefined nor false, and resolves to that; throws what was waited
 * for when the time is over, 30 s by default. For what happens by itself and gives no sign.
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  limitMs = 30_000,
): Promise<T> {
  for (const end = performance.now() + patient(limitMs); ; await sleep(50)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`not within ${patient(limitMs) / 1000} s: ${what}`);
  }
}
