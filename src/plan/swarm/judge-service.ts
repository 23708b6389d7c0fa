import type { Service } from "#api/service.ts";
import type { Task, TaskState } from "#api/task.ts";
import { isSameTask } from "./service.ts";

/** How far a machine of a swarm is, as progress tells it. */
export type DeployState =
  | "deploying"
  | "preparing"
  | "starting"
  | "running"
  | "stopped"
  | "removing"
  | "removed"
  | "failed"
  | "unchanged";

/** The reached state of a service. `node` is the id of the node that runs the machine. */
export interface DeployedService {
  readonly state: "running" | "stopped";
  readonly node: string | undefined;
}

/** The reached state, the failure or the progress of a service. */
export type Judgement =
  | { readonly deployed: DeployedService }
  | { readonly failed: Task }
  | { readonly broken: string }
  | { readonly state: DeployState; readonly detail: string };

const ended: ReadonlySet<TaskState> = new Set<TaskState>([
  "complete",
  "shutdown",
  "failed",
  "rejected",
  "remove",
  "orphaned",
]);

/** How a service was before it was deployed. */
export interface ServiceBefore {
  /** Ids of the tasks that were there: their failures are old. */
  readonly before: ReadonlySet<string>;
  /** Whether it was updated; going back by itself then is a failure. */
  readonly updated: boolean;
}

/**
 * Judges a service by its tasks. It is deployed once a task of its current specification runs (with a health
 * check, once that passes), or, without replicas, once all have ended.
 */
export function judgeService(
  { Spec, UpdateStatus }: Service,
  tasks: readonly Task[],
  { before, updated }: ServiceBefore,
): Judgement {
  if (Spec.Mode?.Replicated?.Replicas === 0) {
    const left = tasks.filter((task) => !ended.has(task.Status.State));
    if (left.length === 0) return { deployed: { state: "stopped", node: undefined } };
    return { state: "deploying", detail: "stopping" };
  }
  const current = tasks.filter((task) => isSameTask(Spec.TaskTemplate, task.Spec));
  const running = current.find((task) => task.DesiredState === "running" && task.Status.State === "running");
  if (running !== undefined) return { deployed: { state: "running", node: running.NodeID } };
  const failed = current.find((task) => !before.has(task.ID) && isFailure(task));
  if (failed !== undefined) return { failed };
  const state = UpdateStatus?.State ?? "";
  if (state.endsWith("paused") || (updated && state.startsWith("rollback_"))) {
    return { broken: `swarm update state ${state}: ${UpdateStatus?.Message ?? ""}` };
  }
  const next = current.find((task) => !ended.has(task.Status.State));
  // The one before has still to stop.
  if (next === undefined) return { state: "deploying", detail: "" };
  return {
    state: next.Status.State === "starting" ? "starting" : "preparing",
    detail: next.Status.Err ?? "",
  };
}

/** A machine that should run has failed if it ended, with any status; one that the swarm ended has not. */
function isFailure({ Status, DesiredState }: Task): boolean {
  if (Status.State === "failed" || Status.State === "rejected") return true;
  return Status.State === "complete" && DesiredState !== "remove";
}
