import { retryWhileAway } from "#daemons/loader/engine-away.ts";
import { Facts } from "#daemons/loader/facts.ts";
import { Observers } from "#daemons/loader/observers.ts";
import { removeGuard, removeMachine } from "#daemons/loader/remove-part.ts";
import { runSteps } from "#daemons/loader/step-loop.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { sweepPorts } from "#host/publish/sweep.ts";
import { failGuardStep, initialGuardFacts, planGuardStep } from "#plan/loader/guard-step.ts";
import { type GuardOptions, guardActions } from "./guard-actions.ts";
import { findOrphans } from "./orphans.ts";
import { watchLoader } from "./watch-loader.ts";

/**
 * Guards a machine from before its start until its loader has ended, and cleans up: takes the folder, opens
 * the ports, reports the folder's facts; then stops a machine that still runs, and removes it, its ports, its
 * lease and finally its own container. Ignores signals, since an engine that shuts down sends them to the
 * loader, too. `planGuardStep` decides the steps.
 */
export async function serveGuard(options: GuardOptions): Promise<void> {
  const { engine, task, note } = options;
  const facts = new Facts(initialGuardFacts(task));
  await using observers = new Observers();
  const leaving = new AbortController();
  observers.start(
    async (signal) => {
      facts.set({ loader: await watchLoader(engine, task, signal) });
      // Update the fact first: an interrupted step must not count as a failure then.
      leaving.abort();
    },
    (error) => {
      facts.fail(error);
      leaving.abort();
    },
  );
  // Run this concurrently: the guard may be waiting for an orphan's folder.
  observers.start(
    (signal) => removeOrphans(engine, note, signal).then(() => facts.set({ orphans: "removed" })),
    (error) => {
      note(`cannot remove what other loaders left: ${error}`);
      facts.set({ orphans: "removed" });
    },
  );
  if (task.publish.length > 0)
    observers.start(
      () => sweepPorts().then(() => facts.set({ ports: "closed" })),
      (failure) => facts.set({ failure }),
    );
  // Lets the loader make its machine while the ports are opened.
  if (task.folder === undefined) options.report({ folder: null });
  await runSteps(facts, {
    plan: (now) => planGuardStep(task, now),
    apply: guardActions(options, { facts, signal: observers.signal, leaving: leaving.signal }),
    fail: failGuardStep,
  });
}

/** What machines have left whose loader and guard are both gone, as after the loss of a whole node. */
async function removeOrphans(engine: Engine, note: GuardOptions["note"], signal: AbortSignal): Promise<void> {
  const retry = <T>(work: () => Promise<T>) => retryWhileAway(work, signal);
  for (const { kind, id, name, loader } of await retry(() => findOrphans(engine, signal))) {
    note(`removing ${name}, which has lost its loader`);
    const options = { stopTimeout: 0, note, signal };
    await retry(() =>
      kind === "machine"
        ? removeMachine(engine, { loader, machine: id }, options)
        : removeGuard(engine, { loader, guard: id }, signal),
    );
  }
}
