import { expect, test } from "bun:test";
import { Facts } from "./facts.ts";
import { Observers } from "./observers.ts";
import { runSteps } from "./step-loop.ts";

interface Seen {
  readonly engine: "reachable" | "away";
  readonly count: number;
}
type Step = { readonly do: "wait"; readonly milliseconds?: number } | { readonly do: "count" | "exit" };

const initial: Seen = { engine: "reachable", count: 0 };
const count = (facts: Facts<Seen>) => async () => ({ count: facts.now.count + 1 });
const fail = () => undefined;

test("each step is planned by what the one before has changed", async () => {
  const facts = new Facts(initial);
  const plan = ({ count }: Seen): Step => ({ do: count < 3 ? "count" : "exit" });
  await runSteps(facts, { plan, apply: count(facts), fail });
  expect(facts.now.count).toBe(3);
});

test("a wait ends with a change that an observer makes", async () => {
  const facts = new Facts(initial);
  await using observers = new Observers();
  observers.start(async () => facts.set({ count: 1 }), fail);
  const plan = ({ count }: Seen): Step => ({ do: count === 0 ? "wait" : "exit" });
  await runSteps(facts, { plan, apply: count(facts), fail });
  expect(facts.now.count).toBe(1);
});

test("a step that failed is taken again when the pause is over", async () => {
  const facts = new Facts(initial);
  let attempts = 0;
  const apply = async () => {
    attempts += 1;
    if (attempts < 3) throw new Error("away");
    return { count: 1 };
  };
  await runSteps(facts, {
    plan: ({ engine, count }): Step =>
      engine === "away" ? { do: "wait", milliseconds: 1 } : { do: count === 0 ? "count" : "exit" },
    apply,
    fail: (_, now, error) => (String(error) === "Error: away" ? { ...now, engine: "away" } : undefined),
  });
  expect([attempts, facts.now.engine]).toEqual([3, "reachable"]);
});

test("a step that fails for good ends it", async () => {
  const apply = () => Promise.reject(new Error("refused"));
  const plan = (): Step => ({ do: "count" });
  await expect(runSteps(new Facts(initial), { plan, apply, fail })).rejects.toThrow("refused");
});

test("so does an observer that it cannot go on without", async () => {
  const facts = new Facts(initial);
  await using observers = new Observers();
  observers.start(
    () => Promise.reject(new Error("blind")),
    (error) => facts.fail(error),
  );
  const plan = (): Step => ({ do: "wait" });
  await expect(runSteps(facts, { plan, apply: count(facts), fail })).rejects.toThrow("blind");
});

test("observers end with their scope, which waits for them; that they were broken off is no failure", async () => {
  const told: string[] = [];
  {
    await using observers = new Observers();
    observers.start(
      async (signal) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        told.push("ended");
        throw signal.reason;
      },
      () => told.push("failed"),
    );
  }
  expect(told).toEqual(["ended"]);
});
