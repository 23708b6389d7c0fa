import type { Task } from "#api/task.ts";
import { BerthError } from "#errors.ts";

/** The error `boot-failed` for a machine's task, with the end of its log. */
export function taskFailure(name: string, task: Task, log: readonly string[]): BerthError {
  const { State, Err, Message, ContainerStatus } = task.Status;
  const status = ContainerStatus?.ExitCode ? `, status ${ContainerStatus.ExitCode}` : "";
  const tail = log.map((line) => `\n${line}`).join("");
  return new BerthError(
    "boot-failed",
    `${name} ${State}${status}: ${Err || Message || "the swarm gives no reason"}${tail}`,
    {
      hint: isRejected(task)
        ? `check that its node has the loader's image (berth loader image); ${lookCloser(name)}`
        : `the swarm restarts it according to deploy.restart; ${lookCloser(name)}`,
      details: { task: task.ID, node: task.NodeID, state: State, error: Err, log },
    },
  );
}

/** Whether its node failed to create its container, so that it has no log. */
export function isRejected({ Status }: Task): boolean {
  return Status.State === "rejected";
}

/** What shows more of a machine of a swarm. */
export function lookCloser(name: string): string {
  return `look closer: berth logs ${name}, docker service ps --no-trunc ${name}`;
}
