import { once } from "node:events";
import { Facts } from "#daemons/loader/facts.ts";
import { Observers } from "#daemons/loader/observers.ts";
import { runSteps } from "#daemons/loader/step-loop.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError } from "#errors.ts";
import { parseLoaderLabels } from "#labels/loader/parse.ts";
import type { GuardTask } from "#plan/loader/guard.ts";
import { failLoaderStep, initialLoaderFacts, planLoaderStep } from "#plan/loader/run-step.ts";
import { setHealthy } from "./health.ts";
import { guardTask, type LoaderTask } from "./loader-task.ts";
import { writeNames } from "./names.ts";
import { type LoaderOptions, loaderActions } from "./run-actions.ts";
import { findSelf, readOwnAddresses } from "./self.ts";

/**
 * Seconds that a machine whose labels name no time may take to stop, as systemd gives its own units
 * (systemd-system.conf(5), DefaultTimeoutStopSec=).
 */
const defaultStopTimeout = 90;

const noNames = "the loader's root is read-only: the machine's /etc/hosts lacks its name";

/**
 * Runs the machine that the labels of this container ask for, beside it and in its network, and follows it to
 * its end. Resolves to the machine's exit status. However it ends, nothing of the machine is left; its guard
 * sees to that where this is killed. What it does when is `planLoaderStep`'s to say.
 */
export async function runLoader(options: LoaderOptions): Promise<number> {
  const { engine, signal } = options;
  await setHealthy(false);
  const [self, info, addresses] = await Promise.all([
    findSelf(engine, signal),
    readInfo(engine, { signal }),
    readOwnAddresses(),
  ]);
  const spec = parseLoaderLabels(self.Config.Labels ?? {});
  for (const text of spec.notes) options.note(text);
  const task: LoaderTask = {
    self,
    spec,
    info,
    machine: `${self.Name.slice(1)}.app`,
    stopTimeout: spec.stopTimeout ?? defaultStopTimeout,
  };
  if (spec.hostname !== undefined && !(await writeNames(spec.hostname))) options.warn(noNames);
  return await follow(task, guardTask(task, addresses), options);
}

async function follow(task: LoaderTask, guard: GuardTask, options: LoaderOptions): Promise<number> {
  const facts = new Facts(initialLoaderFacts(task.machine));
  await using observers = new Observers();
  await using followers = new Observers();
  observers.start(
    async (end) => {
      if (!options.signal.aborted) await once(options.signal, "abort", { signal: end });
      facts.set({ stopReason: options.signal.reason });
    },
    (error) => facts.fail(error),
  );
  await runSteps(facts, {
    plan: planLoaderStep,
    apply: loaderActions(options, { facts, task, guard, followers, signal: observers.signal }),
    fail: (_, now, error) => failLoaderStep(now, error),
  });
  const { outcome } = facts.now;
  if (outcome === undefined) throw new BerthError("internal", "the loader ended before its machine");
  if ("failure" in outcome) throw outcome.failure;
  return outcome.status;
}
