import { setTimeout as sleep } from "node:timers/promises";
import { awayInterval, isEngineAway } from "#plan/loader/engine-away.ts";

/**
 * Repeats the work until it completes while the engine is temporarily away. Throws other failures, and the
 * abort of `signal`.
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
