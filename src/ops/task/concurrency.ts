import type { Task } from "./task.ts";

/** So many may boot or shut down at once anywhere; more where the engine has the processors. */
const fewAtOnce = 16;
const perProcessor = 4;

/** How many of so many jobs work at once where nobody has said it. Asks the engine for a crowd alone. */
export async function defaultConcurrency(task: Pick<Task, "info">, jobs: number): Promise<number> {
  return jobs <= fewAtOnce ? fewAtOnce : Math.max(fewAtOnce, (await task.info()).NCPU * perProcessor);
}
