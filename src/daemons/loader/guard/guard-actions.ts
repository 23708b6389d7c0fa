import { setTimeout as sleep } from "node:timers/promises";
import type { Facts } from "#daemons/loader/facts.ts";
import { Observers } from "#daemons/loader/observers.ts";
import { removeGuard, removeMachine } from "#daemons/loader/remove-part.ts";
import type { Action } from "#daemons/loader/step-loop.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError } from "#errors.ts";
import { openPorts } from "#host/publish/open.ts";
import { sweepPorts } from "#host/publish/sweep.ts";
import { removeParentBelow } from "#ops/engine/cgroup-parent.ts";
import { type GuardReport, type GuardTask, guardPaths } from "#plan/loader/guard.ts";
import { folderInterval, type GuardFacts, type GuardStep } from "#plan/loader/guard-step.ts";
import { type HeldFolder, holdFolder } from "./hold-folder.ts";

export interface GuardOptions {
  readonly engine: Engine;
  readonly task: GuardTask;
  readonly report: (report: GuardReport) => void;
  /** Writes a line of the guard's log. */
  readonly note: (text: string) => void;
}

export interface GuardScene {
  readonly facts: Facts<GuardFacts>;
  /** Fires when the guard ends. */
  readonly signal: AbortSignal;
  /** Fires when the loader has ended. */
  readonly leaving: AbortSignal;
}

/** Carries out a guard's steps. Only steps release what it holds. */
export function guardActions(
  { engine, task, report, note }: GuardOptions,
  { facts, signal, leaving }: GuardScene,
): (step: Action<GuardStep>) => Promise<Partial<GuardFacts>> {
  // Do not release the lease at the scope's end: a guard that fails leaves it to its restart by the engine,
  // since the machine may still run.
  const folder = new AsyncDisposableStack();
  const ports = new AsyncDisposableStack();
  const warnings: string[] = [];
  let held: HeldFolder | undefined;

  const takeFolder = async (path: string): Promise<Partial<GuardFacts>> => {
    const onWaiting = (text: string) => report({ waiting: text });
    held = folder.use(
      await holdFolder({ engine, task: { ...task, folder: path }, onWaiting, signal: leaving }),
    );
    report({ folder: held.facts });
    return { folder: "held" };
  };

  const open = async (): Promise<Partial<GuardFacts>> => {
    const { loader, publish, targets } = task;
    const onLost = (failure: BerthError) => facts.set({ ports: "lost", failure });
    const opened = await openPorts({ name: loader.slice(0, 12), publish, targets, onLost, note });
    ports.defer(() => opened.close());
    warnings.push(...opened.warnings);
    return { ports: "open" };
  };

  const watchFolder = ({ look }: HeldFolder) =>
    folder.use(new Observers()).start(
      async (end) => {
        for (let seen: GuardFacts["folder"] = "held"; seen === "held"; facts.set({ folder: seen })) {
          await sleep(folderInterval, undefined, { signal: end });
          seen = look();
        }
      },
      (failure) => facts.set({ failure }),
    );

  const reportReady = (): Partial<GuardFacts> => {
    report({ ready: { warnings: [...warnings, ...(held?.readWarnings() ?? [])] } });
    if (held !== undefined) watchFolder(held);
    return { isReady: true };
  };

  return async (step) => {
    switch (step.do) {
      case "take-folder":
        return await takeFolder(task.folder ?? "");
      case "open-ports":
        return await open();
      case "report-ready":
        return reportReady();
      case "refuse":
        report(renderRefusal(step.fault, note));
        return { refusal: "reported" };
      case "kill-machine":
        await removeMachine(engine, task, { stopTimeout: 0, note, signal });
        return { refusal: "enforced" };
      case "remove-machine":
        await removeMachine(engine, task, { stopTimeout: step.stopTimeout, note, signal });
        return { machine: "removed" };
      case "remove-late-machine":
        await sleep(step.milliseconds);
        await removeMachine(engine, task, { stopTimeout: 0, note, signal });
        return { machine: "removed-late" };
      case "close-ports":
        await ports.disposeAsync();
        return { ports: "closed" };
      case "sweep-rules":
        await sweepPorts();
        return { areRulesSwept: true };
      case "remove-cgroup-parent":
        await removeParentBelow(guardPaths.cgroups, task.cgroupParent);
        return { cgroupParent: "removed" };
      case "release-folder":
        await folder.disposeAsync();
        return { folder: "released" };
      case "remove-guard":
        await removeGuard(engine, task, signal);
        return { guard: "removed" };
    }
  };
}

function renderRefusal(fault: unknown, note: (text: string) => void): GuardReport {
  const { code, message, hint } =
    fault instanceof BerthError ? fault : new BerthError("internal", String(fault), { cause: fault });
  note(code === "internal" && fault instanceof Error ? (fault.stack ?? message) : message);
  return { refused: { code, message, ...(hint !== undefined && { hint }) } };
}
