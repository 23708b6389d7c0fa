import type { Task } from "./task.ts";

/** The least default concurrency; `perProcessor` raises it on larger engines. */
const fewest = 16;
const perProcessor = 4;

/** The default concurrency for that many jobs. Asks the engine for its processors only above `fewest`. */
export async function defaultConcurrency(task: Pick<Task, "info">, jobs: number): Promise<number> {
  return jobs <= fewest ? fewest : Math.max(fewest, (await task.info()).NCPU * perProcessor);
}
