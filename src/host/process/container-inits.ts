import { readdirSync } from "node:fs";
import { readProc } from "./proc-file.ts";
import { findProcess, type StartedProcess } from "./process-stat.ts";

/** A container's process 1. */
export interface ContainerInit {
  /** The container's id. */
  readonly id: string;
  readonly process: StartedProcess;
}

/**
 * The processes 1 of running containers, whichever engine and runtime has them: the first process of a PID
 * namespace below ours, in a cgroup that is named after the container. Containers within containers do
 * not count.
 */
export function findContainerInits(ids: readonly string[]): readonly ContainerInit[] {
  const known = new Set(ids);
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    const id = findContainer(readProc(pid, "cgroup"), known);
    // Only now the status, which grows with the process's groups.
    if (id === undefined || !isFirstBelow(readProc(pid, "status"))) return [];
    const process = findProcess(pid);
    return process === undefined ? [] : [{ id, process }];
  });
}

/** How engines begin a container's name to systemd, and Podman its cgroup's without systemd. */
const prefix = /^(?:docker|libpod|runc|crun|nerdctl|cri-containerd)-/;

/**
 * The outermost of these containers that a process's cgroups (proc_pid_cgroup(5)) are named after: `ID`,
 * `ID.scope`, `docker-ID.scope`. Ids may be within others, since a user of the runtime itself chooses them.
 */
export function findContainer(cgroups: string, ids: ReadonlySet<string>): string | undefined {
  for (const name of cgroups.split(/[/\n]/)) {
    const plain = name.replace(/\.scope$/, "");
    const id = [name, plain, plain.replace(prefix, "")].find((one) => ids.has(one));
    if (id !== undefined) return id;
  }
  return undefined;
}

/** Whether a process's status (proc_pid_status(5), NSpid) is that of process 1 one namespace below ours. */
export function isFirstBelow(status: string): boolean {
  return /^NSpid:\t\d+\t1$/m.test(status);
}
