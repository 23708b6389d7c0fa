import { BerthError } from "#errors.ts";
import { awayInterval, isEngineAway } from "./engine-away.ts";
import type { FolderFacts } from "./folder.ts";

/** What a loader knows between two steps. */
export interface LoaderFacts {
  /** The machine's name. */
  readonly name: string;
  /** `away` when it failed to answer the last step, which is then taken again. */
  readonly engine: "reachable" | "away";
  /** Why the service's task must end; undefined while it must not. */
  readonly stopReason: unknown;
  /**
   * The guard, by its reports. `folder`: it holds the folder; `ready`: the ports are open, too; `lost`: it
   * was removed or stopped.
   */
  readonly guard: "absent" | "started" | "folder" | "ready" | "lost";
  /** What the guard sees of the folder; undefined where there is none. */
  readonly folder: FolderFacts | undefined;
  /** What it warns of when it is ready. */
  readonly warnings: readonly string[];
  /** `stopping` once it was asked to shut down. */
  readonly machine: "absent" | "created" | "running" | "stopping" | "exited";
  /** Of a machine that has exited. */
  readonly status: number;
  /** The failure to follow the machine's console, reported after its end. */
  readonly console: "following" | "ended";
  readonly consoleFailure: unknown;
  /** What a step or a watcher threw. */
  readonly failure: unknown;
  /** The outcome, once decided; the removal that follows does not change it. */
  readonly outcome: LoaderOutcome | undefined;
  /** After the outcome: what has been removed. */
  readonly removed: "nothing" | "machine" | "guard";
}

export type LoaderOutcome = { readonly status: number } | { readonly failure: unknown };

export type LoaderStep =
  /** Until a fact changes, `milliseconds` at most. */
  | { readonly do: "wait"; readonly milliseconds?: number }
  | { readonly do: "start-guard" }
  | { readonly do: "create-machine"; readonly folder: FolderFacts | undefined }
  | { readonly do: "start-machine"; readonly warnings: readonly string[] }
  | { readonly do: "stop-machine" }
  | { readonly do: "conclude"; readonly outcome: LoaderOutcome }
  | { readonly do: "remove-machine" | "await-guard" }
  | { readonly do: "exit"; readonly outcome: LoaderOutcome };

/** What a loader knows when it begins. */
export function initialLoaderFacts(name: string): LoaderFacts {
  return {
    name,
    engine: "reachable",
    stopReason: undefined,
    guard: "absent",
    folder: undefined,
    warnings: [],
    machine: "absent",
    status: 0,
    console: "following",
    consoleFailure: undefined,
    failure: undefined,
    outcome: undefined,
    removed: "nothing",
  };
}

/**
 * The loader's next step. It starts its guard, creates the machine once the guard holds the folder, starts it
 * once the ports are open, and follows it to its end. It always removes the machine.
 */
export function planLoaderStep(facts: LoaderFacts): LoaderStep {
  if (facts.engine === "away") return { do: "wait", milliseconds: awayInterval };
  if (facts.outcome !== undefined) return planEnd(facts, facts.outcome);
  const outcome = outcomeOf(facts);
  if (outcome !== undefined) return { do: "conclude", outcome };
  switch (facts.machine) {
    case "absent":
      if (facts.guard === "absent") return { do: "start-guard" };
      if (facts.guard === "started") return { do: "wait" };
      return { do: "create-machine", folder: facts.folder };
    case "created":
      return facts.guard === "ready" ? { do: "start-machine", warnings: facts.warnings } : { do: "wait" };
    case "running":
      return facts.stopReason === undefined ? { do: "wait" } : { do: "stop-machine" };
    default:
      return { do: "wait" };
  }
}

/**
 * The facts that a failed step changes: abandon a start, repeat a removal while the engine is away; undefined
 * to abandon the removal, too.
 */
export function failLoaderStep({ outcome }: LoaderFacts, error: unknown): Partial<LoaderFacts> | undefined {
  if (outcome === undefined) return { failure: error };
  return isEngineAway(error) ? { engine: "away" } : undefined;
}

/** Undefined while it is open. */
function outcomeOf(facts: LoaderFacts): LoaderOutcome | undefined {
  const { machine, name, failure, consoleFailure, stopReason } = facts;
  if (machine === "exited") {
    if (facts.console === "following") return undefined;
    return consoleFailure === undefined ? { status: facts.status } : { failure: consoleFailure };
  }
  const hasStarted = machine === "running" || machine === "stopping";
  if (stopReason !== undefined && !hasStarted) return { failure: stopReason };
  if (failure !== undefined) return { failure };
  if (facts.guard !== "lost") return undefined;
  return {
    failure: new BerthError("engine-lost", `the guard of ${name} disappeared or stopped`, {
      hint: "do not stop or remove containers named .guard: they end by themselves",
    }),
  };
}

/** A guard without the folder has nothing to tidy up but itself: it ends with this process. */
function planEnd({ guard, machine, removed }: LoaderFacts, outcome: LoaderOutcome): LoaderStep {
  const hadFolder = guard !== "absent" && guard !== "started";
  if (hadFolder && removed === "nothing") return { do: "remove-machine" };
  // The machine's removal tells the guard that all is over; without one it is this process's end that does.
  if (machine !== "absent" && removed === "machine") return { do: "await-guard" };
  return { do: "exit", outcome };
}
