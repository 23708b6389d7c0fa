import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two looks: at first so many, then a tenth of the time that has passed, at most so many. */
const pauses = { first: 50, longest: 1000 } as const;

/** How much longer than usual everything may take, on a processor that is emulated (BERTH_TEST_PATIENCE). */
const patience = Number(process.env.BERTH_TEST_PATIENCE || 1);

/** A limit of time, of any unit, as it is on this host. */
export function patient(limit: number): number {
  return limit * patience;
}

/**
 * Looks until it gives something, neither undefined nor false, and resolves to that; throws what was waited
 * for when the time is over, 30 s by default. For what happens by itself and gives no sign. A look often costs
 * what it waits for its processor time, so there are fewer the longer it takes.
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  limitMs = 30_000,
): Promise<T> {
  for (const began = performance.now(); ; ) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    const passed = performance.now() - began;
    if (passed > patient(limitMs)) throw new Error(`not within ${patient(limitMs) / 1000} s: ${what}`);
    await sleep(Math.min(Math.max(passed / 10, pauses.first), pauses.longest));
  }
}
