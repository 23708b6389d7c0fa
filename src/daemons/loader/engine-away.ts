import { setTimeout as sleep } from "node:timers/promises";
import { awayInterval, isEngineAway } from "#plan/loader/engine-away.ts";

/**
 * Does what an engine that is away for a while interrupts, until it is done. Any other failure comes out; so
 * does the end that `signal` makes.
 */
export async function retryWhileAway<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !isEngineAway(error)) throw error;
    }
    await sleep(awayInterval, undefined, { ...(signal && { signal }) });
  }
}
