import { retryWhileAway } from "#daemons/loader/engine-away.ts";
import type { Facts } from "#daemons/loader/facts.ts";
import { ignoreRemoved } from "#daemons/loader/find-container.ts";
import type { Observers } from "#daemons/loader/observers.ts";
import { removeMachine } from "#daemons/loader/remove-part.ts";
import type { Action } from "#daemons/loader/step-loop.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { startContainer, waitContainer } from "#engine/containers.ts";
import { BerthError } from "#errors.ts";
import { shutDown } from "#ops/machine/shut-down.ts";
import type { GuardTask } from "#plan/loader/guard.ts";
import type { LoaderFacts, LoaderStep } from "#plan/loader/run-step.ts";
import { followConsole, type WriteConsole } from "./console.ts";
import { createMachine } from "./create.ts";
import { readGuardReports } from "./guard-reports.ts";
import type { LoaderTask } from "./loader-task.ts";
import { startGuard } from "./start-guard.ts";
import { waitGuardEnd, waitGuardLost } from "./wait-guard.ts";
import { watchBoot } from "./watch-boot.ts";

export interface LoaderOptions {
  readonly engine: Engine;
  /** Where the machine's console goes. */
  readonly write: WriteConsole;
  readonly note: (text: string) => void;
  readonly warn: (text: string) => void;
  /** Aborted when the service's task is to end. */
  readonly signal: AbortSignal;
}

export interface LoaderScene {
  readonly facts: Facts<LoaderFacts>;
  readonly task: LoaderTask;
  readonly guard: GuardTask;
  /** Of guard and machine, until the outcome is known. */
  readonly followers: Observers;
  /** Fires when the loader ends. */
  readonly signal: AbortSignal;
}

/** Carries out a loader's steps. */
export function loaderActions(
  { engine, write, note, warn, signal: stop }: LoaderOptions,
  { facts, task, guard, followers, signal }: LoaderScene,
): (step: Action<LoaderStep>) => Promise<Partial<LoaderFacts>> {
  const observe = (work: (end: AbortSignal) => Promise<void>) =>
    followers.start(
      (end) => retryWhileAway(() => work(end), end),
      (failure) => facts.set({ failure }),
    );
  let guardId = "";
  let machineId = "";

  const followGuard = () =>
    followers.start(
      (end) => readGuardReports(engine, guardId, { onWaiting: note, onChange: (c) => facts.set(c) }, end),
      (failure) => facts.set({ failure }),
    );

  const followMachine = () => {
    observe(async (end) => {
      const { StatusCode: status } = await waitContainer(engine, machineId, { signal: end });
      facts.set({ machine: "exited", status });
    });
    observe(async (end) => {
      await waitGuardLost(engine, guardId, end);
      facts.set({ guard: "lost" });
    });
    followers.start(
      async (end) => {
        await followConsole(engine, machineId, write, end);
        facts.set({ console: "ended" });
      },
      (consoleFailure) => facts.set({ console: "ended", consoleFailure }),
    );
    followers.start(
      (end) => watchBoot(machineId, task.machine, { engine, warn, signal: end }),
      (error) => warn(error instanceof BerthError ? error.message : String(error)),
    );
  };

  return async (step) => {
    switch (step.do) {
      case "start-guard":
        guardId = await startGuard(engine, task.self, guard, stop);
        facts.set({ guard: "started" });
        followGuard();
        return {};
      case "create-machine":
        // The engine finishes what it has begun, so wait for it even when the task is to end.
        machineId = await createMachine(task, step.folder, { engine, note, warn, signal });
        return { machine: "created" };
      case "start-machine":
        for (const text of step.warnings) warn(text);
        await startContainer(engine, machineId);
        facts.set({ machine: "running" });
        followMachine();
        return {};
      case "stop-machine":
        facts.set({ machine: "stopping" });
        note(`asking ${task.machine} to shut down`);
        // Without limit: how long the service gives it, the engine knows, which then kills this process.
        observe((end) => ignoreRemoved(shutDown(engine, machineId, { signal: end, timeout: -1 })));
        return {};
      case "conclude":
        await followers[Symbol.asyncDispose]();
        return { outcome: step.outcome };
      case "remove-machine":
        // It stays healthy until it ends: a swarm whose health check failed here would kill it, and its
        // status would not be the machine's.
        await removeMachine(
          engine,
          { loader: task.self.Id, machine: task.machine },
          { stopTimeout: 0, note, signal },
        );
        return { removed: "machine" };
      case "await-guard":
        await waitGuardEnd(engine, guardId);
        return { removed: "guard" };
    }
  };
}
