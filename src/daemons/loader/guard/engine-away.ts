import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "#errors.ts";

const pauseMs = 500;

/**
 * Does what an engine that is away for a while interrupts, until it is done: machines run on without their
 * engine, and so must who looks after them. Any other failure comes out; so does the end that `signal` makes.
 */
export async function throughAbsence<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(hasCode(error, "engine-lost") || hasCode(error, "engine-unreachable")))
        throw error;
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
