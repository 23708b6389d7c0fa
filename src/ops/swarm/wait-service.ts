import { captureText } from "#api/capture.ts";
import type { Service } from "#api/service.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { outputBytes } from "#engine/connection/output.ts";
import { inspectService, readTaskLogs } from "#engine/services.ts";
import { listTasks, type Task, type TaskState } from "#engine/tasks.ts";
import { BerthError } from "#errors.ts";
import { poll } from "#ops/task/poll.ts";
import { isSameTask } from "#plan/swarm/service.ts";

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

export interface WaitServiceOptions {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly timeout: number;
  /** Tasks that were there before: their failures are old. */
  readonly before: ReadonlySet<string>;
  /** Whether it was updated; going back by itself then is a failure. */
  readonly updated: boolean;
  readonly onState: (state: DeployState, detail?: string) => void;
}

/** Where a service has come to. `node` is the id of the node that runs the machine. */
export interface SettledService {
  readonly state: "running" | "stopped";
  readonly node: string | undefined;
}

/**
 * Waits until the service's task, made from its present specification, runs and is healthy; or, with no
 * replicas, until all have ended. Throws `boot-failed` with the task's error and the end of its log as soon
 * as one fails, `boot-timeout` when the time is over.
 */
export async function waitService(
  engine: Engine,
  id: string,
  name: string,
  options: WaitServiceOptions,
): Promise<SettledService> {
  let last = "";
  const settled = await poll(
    options.timeout,
    async () => {
      const [service, tasks] = await Promise.all([
        inspectService(engine, id, options),
        listTasks(engine, { filters: { service: [id] }, signal: options.signal }),
      ]);
      const found = judge(service, tasks, options);
      if ("failed" in found) throw await taskFailed(engine, name, found.failed, options.signal);
      if ("broken" in found)
        throw new BerthError("boot-failed", `${name}: ${found.broken}`, { hint: lookCloser(name) });
      if ("settled" in found) return found.settled;
      const said = `${found.state} ${found.detail}`;
      if (said !== last) options.onState(found.state, found.detail);
      last = said;
      return undefined;
    },
    options.signal,
  );
  if (settled !== undefined) return settled;
  const detail = last.replace(/^\S+ ?/, "");
  throw new BerthError(
    "boot-timeout",
    `${name} does not run after ${Math.round(options.timeout / 1000)} s${detail && `: ${detail}`}`,
    {
      hint: `the swarm goes on trying; ${lookCloser(name)}`,
    },
  );
}

type Judgement =
  | { readonly settled: SettledService }
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

function judge(
  { Spec, UpdateStatus }: Service,
  tasks: readonly Task[],
  { before, updated }: WaitServiceOptions,
): Judgement {
  if (Spec.Mode?.Replicated?.Replicas === 0) {
    const left = tasks.filter((task) => !ended.has(task.Status.State));
    if (left.length === 0) return { settled: { state: "stopped", node: undefined } };
    return { state: "deploying", detail: "stopping" };
  }
  const current = tasks.filter((task) => isSameTask(Spec.TaskTemplate, task.Spec));
  const running = current.find((task) => task.DesiredState === "running" && task.Status.State === "running");
  if (running !== undefined) return { settled: { state: "running", node: running.NodeID } };
  const failed = current.find((task) => !before.has(task.ID) && isFailure(task));
  if (failed !== undefined) return { failed };
  const state = UpdateStatus?.State ?? "";
  if (state.endsWith("paused") || (updated && state.startsWith("rollback_"))) {
    return { broken: `the swarm says ${state}: ${UpdateStatus?.Message ?? ""}` };
  }
  const next = current.find((task) => !ended.has(task.Status.State));
  // The one before has still to stop.
  if (next === undefined) return { state: "deploying", detail: "" };
  return {
    state: next.Status.State === "starting" ? "starting" : "preparing",
    detail: next.Status.Err ?? "",
  };
}

/** A machine that should go on and ended, however well, has failed; one that the swarm has ended has not. */
function isFailure({ Status, DesiredState }: Task): boolean {
  if (Status.State === "failed" || Status.State === "rejected") return true;
  return Status.State === "complete" && DesiredState !== "remove";
}

const lastLines = 15;
/** Bytes of them. */
const longestTail = 64 * 1024;

async function taskFailed(
  engine: Engine,
  name: string,
  task: Task,
  signal: AbortSignal,
): Promise<BerthError> {
  const { State, Err, Message, ContainerStatus } = task.Status;
  const status = ContainerStatus?.ExitCode ? `, status ${ContainerStatus.ExitCode}` : "";
  const log = State === "rejected" ? [] : await readLastLines(engine, task, signal);
  const tail = log.map((line) => `\n${line}`).join("");
  return new BerthError(
    "boot-failed",
    `${name} ${State}${status}: ${Err || Message || "the swarm does not say why"}${tail}`,
    {
      hint:
        State === "rejected"
          ? `see that its node has the loader's image (\`berth loader image\` makes it); ${lookCloser(name)}`
          : `the swarm starts it again as deploy.restart says; ${lookCloser(name)}`,
      details: { task: task.ID, node: task.NodeID, state: State, error: Err, log },
    },
  );
}

/** The end of a task's log; a sentence where its node's log driver cannot be read. */
async function readLastLines(engine: Engine, task: Task, signal: AbortSignal): Promise<readonly string[]> {
  let text: string;
  try {
    const tty = task.Spec.ContainerSpec?.TTY ?? false;
    const log = outputBytes(await readTaskLogs(engine, task.ID, { tail: lastLines, tty, signal }));
    text = (await captureText(log, longestTail)).text().trimEnd();
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === "interrupted") throw error;
    return [`(its log cannot be read: ${error.message})`];
  }
  return text === "" ? [] : text.split(/\r?\n/).slice(-lastLines);
}

function lookCloser(name: string): string {
  return `look closer: berth logs ${name}, docker service ps --no-trunc ${name}`;
}
