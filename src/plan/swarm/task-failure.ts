import type { Task } from "#api/task.ts";
import { BerthError } from "#errors.ts";

/** That a machine's task has failed, with the end of its log: `boot-failed`. */
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

/** Whether its node did not even make its container, so that there is no log. */
export function isRejected({ Status }: Task): boolean {
  return Status.State === "rejected";
}

/** What shows more of a machine of a swarm. */
export function lookCloser(name: string): string {
  return `look closer: berth logs ${name}, docker service ps --no-trunc ${name}`;
}
