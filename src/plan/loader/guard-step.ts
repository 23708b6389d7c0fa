import { BerthError } from "#errors.ts";
import { awayInterval, isEngineAway } from "./engine-away.ts";
import type { GuardTask } from "./guard.ts";
import type { LoaderEnd } from "./loader-end.ts";

/** What a guard knows between two steps. */
export interface GuardFacts {
  /** `away` when it failed to answer the last step, which is then taken again. */
  readonly engine: "reachable" | "away";
  readonly loader: "running" | LoaderEnd;
  /**
   * The folder with its lease and lock. `none`: an image is the root. `replaced`: another folder has its
   * path. `lease-lost`: another process has removed the lease.
   */
  readonly folder: "none" | "free" | "held" | "replaced" | "lease-lost" | "released";
  /**
   * `unswept` while rules of a guard that was killed may be there; `lost` when they were closed from outside.
   */
  readonly ports: "none" | "unswept" | "closed" | "open" | "lost";
  /** Whether the guard has reported to the loader that it may start the machine. */
  readonly isReady: boolean;
  /** What a step or a watcher threw. */
  readonly failure: unknown;
  /** Progress after a fault: reported to the loader, then enforced by killing the machine. */
  readonly refusal: "none" | "reported" | "enforced";
  /** The machine after its loader's end; `removed-late` when it was looked for once more. */
  readonly machine: "unknown" | "removed" | "removed-late";
  /** After the end: the table of this guard and of an earlier life is gone, so are its rules. */
  readonly areRulesSwept: boolean;
  readonly cgroupParent: "unknown" | "removed";
  /** What other machines have left on this engine. */
  readonly orphans: "unknown" | "removed";
  readonly guard: "running" | "removed";
}

export type GuardStep =
  /** Until a fact changes, `milliseconds` at most. */
  | { readonly do: "wait"; readonly milliseconds?: number }
  | { readonly do: "take-folder" | "open-ports" | "report-ready" }
  | { readonly do: "refuse"; readonly fault: unknown }
  /** `stopTimeout` seconds to shut down, 0 kills it. */
  | { readonly do: "remove-machine"; readonly stopTimeout: number }
  | { readonly do: "kill-machine" }
  /** After `milliseconds`, whatever the engine has made by then. */
  | { readonly do: "remove-late-machine"; readonly milliseconds: number }
  | { readonly do: "close-ports" | "sweep-rules" | "remove-cgroup-parent" | "release-folder" }
  | { readonly do: "remove-guard" }
  | { readonly do: "exit" };

/** Milliseconds between two looks at a folder that a machine runs from. */
export const folderInterval = 5000;
/** Milliseconds; longer than any engine takes to create and start a container. */
const lateDelay = 3000;

/** What a guard knows when it begins, or begins again after it was killed. */
export function initialGuardFacts({ folder, publish }: GuardTask): GuardFacts {
  return {
    engine: "reachable",
    loader: "running",
    folder: folder === undefined ? "none" : "free",
    ports: publish.length === 0 ? "none" : "unswept",
    isReady: false,
    failure: undefined,
    refusal: "none",
    machine: "unknown",
    areRulesSwept: publish.length === 0,
    cgroupParent: "unknown",
    orphans: "unknown",
    guard: "running",
  };
}

/**
 * The guard's next step. It takes the folder, opens the ports and reports ready, then watches. After its
 * loader's end it removes the machine, the ports, the lease, and last its own container.
 */
export function planGuardStep(task: GuardTask, facts: GuardFacts): GuardStep {
  if (facts.engine === "away") return { do: "wait", milliseconds: awayInterval };
  if (facts.loader !== "running") return planEnd(task, facts);
  const fault = facts.failure ?? faultOf(task, facts);
  if (fault !== undefined) return planRefusal(facts, fault);
  if (facts.folder === "free") return { do: "take-folder" };
  if (facts.ports === "unswept") return { do: "wait" };
  if (facts.ports === "closed") return { do: "open-ports" };
  return facts.isReady ? { do: "wait" } : { do: "report-ready" };
}

/**
 * The facts that a failed step changes; undefined if the guard must end, whereupon its engine restarts it. An
 * interruption by the loader's end is not a failure.
 */
export function failGuardStep(
  step: GuardStep,
  { loader }: GuardFacts,
  error: unknown,
): Partial<GuardFacts> | undefined {
  if (step.do === "take-folder" || step.do === "open-ports" || step.do === "report-ready")
    return loader === "running" ? { failure: error } : {};
  return isEngineAway(error) ? { engine: "away" } : undefined;
}

/** Why the machine must not go on. */
function faultOf({ folder, machine }: GuardTask, facts: GuardFacts): BerthError | undefined {
  if (facts.folder === "replaced") {
    return new BerthError(
      "file-missing",
      `another folder has replaced ${folder}, from which ${machine} runs`,
      {
        hint: "move it back, or set the service's root to its new path",
      },
    );
  }
  if (facts.folder === "lease-lost") {
    return new BerthError(
      "conflict",
      `lost the lease of ${folder} for ${machine}: another process removed or replaced it`,
      {
        hint: "check who may write to the directory above: only root should",
      },
    );
  }
  return undefined;
}

/**
 * Stop a machine that lost a resource, for example after its guard was killed. Keep the guard: its engine
 * would restart an ended one, and each new loader would start another without any of them being removed.
 */
function planRefusal(facts: GuardFacts, fault: unknown): GuardStep {
  if (facts.refusal === "none") return { do: "refuse", fault };
  if (facts.refusal === "reported") return { do: "kill-machine" };
  // While the machine may be starting, the loader decides; otherwise release everything.
  return facts.isReady ? { do: "wait" } : (planRelease(facts) ?? { do: "wait" });
}

function planEnd(task: GuardTask, facts: GuardFacts): GuardStep {
  if (arePortsHeld(facts)) return { do: "close-ports" };
  if (!facts.areRulesSwept) return { do: "sweep-rules" };
  if (facts.machine === "unknown") {
    // A loader that was asked to stop has already waited for the stop timeout; a fault grants none.
    const isOrderly = facts.loader === "died" && facts.refusal === "none";
    return { do: "remove-machine", stopTimeout: isOrderly ? task.stopTimeout : 0 };
  }
  // A killed loader may have requested its machine a moment before; the engine still creates it.
  if (facts.loader === "died" && facts.machine === "removed")
    return { do: "remove-late-machine", milliseconds: lateDelay };
  if (facts.cgroupParent === "unknown") return { do: "remove-cgroup-parent" };
  const release = planRelease(facts);
  if (release !== undefined) return release;
  if (facts.orphans === "unknown") return { do: "wait" };
  return facts.guard === "running" ? { do: "remove-guard" } : { do: "exit" };
}

function planRelease(facts: GuardFacts): GuardStep | undefined {
  if (arePortsHeld(facts)) return { do: "close-ports" };
  const { folder } = facts;
  return folder === "held" || folder === "replaced" || folder === "lease-lost"
    ? { do: "release-folder" }
    : undefined;
}

const arePortsHeld = ({ ports }: GuardFacts) => ports === "open" || ports === "lost";
