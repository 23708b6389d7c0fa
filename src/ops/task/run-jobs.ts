import { BerthError } from "#errors.ts";
import { createLimit } from "./limit.ts";

export interface Job {
  readonly name: string;
  /** Names of jobs earlier in the list, whose ends it waits for. */
  readonly after: readonly string[];
}

export interface RunOptions {
  /** How many work at once; what waits for others does not count. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/**
 * Runs each job after the jobs that it depends on, and passes it their results. Resolves to all results in
 * the jobs' order. After a failure or abort starts no further job, awaits the running ones, then rejects with
 * the first reason.
 */
export async function runJobs<J extends Job, R>(
  jobs: readonly J[],
  { concurrency, signal }: RunOptions,
  work: (job: J, after: readonly R[]) => Promise<R>,
): Promise<readonly R[]> {
  const limit = createLimit(concurrency);
  const stop = new AbortController();
  const ending = AbortSignal.any([signal, stop.signal]);
  const run = async (job: J, after: readonly Promise<R>[]): Promise<R> => {
    const results = await Promise.all(after);
    return await limit(async () => {
      try {
        ending.throwIfAborted();
        return await work(job, results);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    });
  };
  const all: Promise<R>[] = [];
  const begun = new Map<string, Promise<R>>();
  for (const job of jobs) {
    const running = run(
      job,
      job.after.map((name) => earlier(begun, job, name)),
    );
    all.push(running);
    begun.set(job.name, running);
  }
  await Promise.allSettled(all);
  stop.signal.throwIfAborted();
  return await Promise.all(all);
}

function earlier<R>(begun: ReadonlyMap<string, Promise<R>>, job: Job, name: string): Promise<R> {
  const found = begun.get(name);
  if (found === undefined) throw new BerthError("internal", `${job.name} is listed before ${name}`);
  return found;
}
