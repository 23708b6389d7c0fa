import { setTimeout as sleep } from "node:timers/promises";
import type { Facts } from "./facts.ts";

/** A step of a plan; `wait` is for a change of the facts, for `milliseconds` at most. */
interface Step {
  readonly do: string;
  readonly milliseconds?: number;
}

/** A step that is to be carried out. */
export type Action<S extends Step> = Exclude<S, { readonly do: "wait" | "exit" }>;

export interface StepLoop<F, S extends Step> {
  readonly plan: (facts: F) => S;
  /** Carries a step out and returns what that changes. */
  readonly apply: (step: Action<S>) => Promise<Partial<F>>;
  /** What a step changes that threw; undefined where the loop is to throw that. */
  readonly fail: (step: S, facts: F, error: unknown) => Partial<F> | undefined;
}

/** Plans and applies one step after the other, each by the facts as they are then, until one is `exit`. */
export async function runSteps<F extends { readonly engine: "reachable" | "away" }, S extends Step>(
  facts: Facts<F>,
  { plan, apply, fail }: StepLoop<F, S>,
): Promise<void> {
  for (;;) {
    const step = plan(facts.now);
    if (step.do === "exit") return;
    if (step.do === "wait") await waitChanged(facts, step.milliseconds);
    else facts.set(await attempt(step));
  }

  async function attempt(step: S): Promise<Partial<F>> {
    try {
      return await apply(step as Action<S>);
    } catch (error) {
      const change = fail(step, facts.now, error);
      if (change === undefined) throw error;
      return change;
    }
  }
}

async function waitChanged<F extends { readonly engine: "reachable" | "away" }>(
  facts: Facts<F>,
  milliseconds: number | undefined,
): Promise<void> {
  if (milliseconds === undefined) return await facts.changed;
  const changed = new AbortController();
  await Promise.race([facts.changed, sleep(milliseconds, undefined, { signal: changed.signal })]);
  changed.abort();
  // The next step checks the fact again.
  facts.set({ engine: "reachable" } as Partial<F>);
}
