import { captureText } from "#api/capture.ts";
import type { Task } from "#api/task.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { outputBytes } from "#engine/connection/output.ts";
import { inspectService, readTaskLogs } from "#engine/services.ts";
import { listTasks } from "#engine/tasks.ts";
import { BerthError } from "#errors.ts";
import { poll } from "#ops/task/poll.ts";
import {
  type DeployedService,
  type DeployState,
  judgeService,
  type ServiceBefore,
} from "#plan/swarm/judge-service.ts";
import { isRejected, lookCloser, taskFailure } from "#plan/swarm/task-failure.ts";

export interface WaitServiceOptions extends ServiceBefore {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly timeout: number;
  readonly onState: (state: DeployState, detail?: string) => void;
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
): Promise<DeployedService> {
  let last = "";
  const settled = await poll(
    options.timeout,
    async () => {
      const [service, tasks] = await Promise.all([
        inspectService(engine, id, options),
        listTasks(engine, { filters: { service: [id] }, signal: options.signal }),
      ]);
      const found = judgeService(service, tasks, options);
      if ("failed" in found) {
        const log = isRejected(found.failed) ? [] : await readLastLines(engine, found.failed, options.signal);
        throw taskFailure(name, found.failed, log);
      }
      if ("broken" in found)
        throw new BerthError("boot-failed", `${name}: ${found.broken}`, { hint: lookCloser(name) });
      if ("deployed" in found) return found.deployed;
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
    `${name} is not running after ${Math.round(options.timeout / 1000)} s${detail && `: ${detail}`}`,
    {
      hint: `the swarm keeps trying; ${lookCloser(name)}`,
    },
  );
}

const lastLines = 15;
/** Bytes of them. */
const longestTail = 64 * 1024;

/** The end of a task's log; a sentence where its node's log driver cannot be read. */
async function readLastLines(engine: Engine, task: Task, signal: AbortSignal): Promise<readonly string[]> {
  let text: string;
  try {
    const tty = task.Spec.ContainerSpec?.TTY ?? false;
    const log = outputBytes(await readTaskLogs(engine, task.ID, { tail: lastLines, tty, signal }));
    text = (await captureText(log, longestTail)).text().trimEnd();
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === "interrupted") throw error;
    return [`(cannot read its log: ${error.message})`];
  }
  return text === "" ? [] : text.split(/\r?\n/).slice(-lastLines);
}
