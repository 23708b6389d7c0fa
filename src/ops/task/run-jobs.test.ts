import { expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import { type Job, runJobs } from "./run-jobs.ts";

const jobs = (needs: Readonly<Record<string, readonly string[]>>): Job[] =>
  Object.entries(needs).map(([name, after]) => ({ name, after }));
const never = new AbortController().signal;

/** Work that ends when it is told to. */
function held() {
  const begun: string[] = [];
  const ends = new Map<string, { resolve: (value: string) => void; reject: (error: unknown) => void }>();
  const work = ({ name }: Job) => {
    begun.push(name);
    const { promise, ...end } = Promise.withResolvers<string>();
    ends.set(name, end);
    return promise;
  };
  return {
    begun,
    work,
    end: async (name: string) => {
      ends.get(name)?.resolve(name);
      await Bun.sleep(0);
    },
    fail: async (name: string, error: unknown) => {
      ends.get(name)?.reject(error);
      await Bun.sleep(0);
    },
  };
}

test("one begins as soon as its own predecessors have ended, whoever else still works", async () => {
  const { begun, work, end } = held();
  const all = runJobs(
    jobs({ db: [], slow: [], web: ["db"], top: ["web", "slow"] }),
    { concurrency: 9, signal: never },
    work,
  );
  await Bun.sleep(0);
  expect(begun).toEqual(["db", "slow"]);
  await end("db");
  expect(begun).toEqual(["db", "slow", "web"]);
  await end("web");
  expect(begun).toEqual(["db", "slow", "web"]);
  await end("slow");
  await end("top");
  expect(await all).toEqual(["db", "slow", "web", "top"]);
});

test("each is given the results of what it comes after", async () => {
  const results = await runJobs(
    jobs({ a: [], b: [], c: ["b", "a"] }),
    { concurrency: 1, signal: never },
    async ({ name }, after: readonly string[]) => `${name}(${after.join()})`,
  );
  expect(results).toEqual(["a()", "b()", "c(b(),a())"]);
});

test("no more than so many at once; who waits for others takes no place", async () => {
  const { begun, work, end } = held();
  const all = runJobs(jobs({ a: [], b: ["a"], c: [], d: [] }), { concurrency: 2, signal: never }, work);
  await Bun.sleep(0);
  expect(begun).toEqual(["a", "c"]);
  await end("c");
  expect(begun).toEqual(["a", "c", "d"]);
  for (const name of ["a", "b", "d"]) await end(name);
  expect(await all).toEqual(["a", "b", "c", "d"]);
});

test("the first that throws ends it: nothing begins any more, and what is under way is awaited", async () => {
  const { begun, work, end, fail } = held();
  const all = runJobs(
    jobs({ a: [], b: [], c: ["a"], d: ["b"], e: [] }),
    { concurrency: 2, signal: never },
    work,
  );
  let isOver = false;
  const over = all.catch((error: unknown) => {
    isOver = true;
    return error;
  });
  await Bun.sleep(0);
  const reason = new BerthError("engine-lost", "gone");
  await fail("a", reason);
  expect([begun, isOver]).toEqual([["a", "b"], false]);
  await end("b");
  expect(await over).toBe(reason);
  expect(begun).toEqual(["a", "b"]);
});

test("an interruption ends it with its own reason, before anything begins too", async () => {
  const reason = new BerthError("interrupted", "SIGINT");
  const { begun, work } = held();
  const run = runJobs(jobs({ a: [], b: ["a"] }), { concurrency: 1, signal: AbortSignal.abort(reason) }, work);
  expect(await run.catch((error: unknown) => error)).toBe(reason);
  expect(begun).toEqual([]);
});

test("a job listed before what it comes after is a mistake of the caller's", async () => {
  const run = runJobs(jobs({ a: ["b"], b: [] }), { concurrency: 1, signal: never }, async () => 1);
  expect(await run.catch((error: unknown) => error)).toMatchObject({ code: "internal" });
});

test("two of one name both count", async () => {
  const twins = [...jobs({ a: [] }), ...jobs({ a: [] })];
  expect(await runJobs(twins, { concurrency: 2, signal: never }, async () => 1)).toEqual([1, 1]);
});
