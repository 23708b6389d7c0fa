import { readdirSync, readFileSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { findProcess, type StartedProcess } from "./process-stat.ts";

/** A container's process 1. */
export interface ContainerInit {
  /** The container's id. */
  readonly id: string;
  readonly process: StartedProcess;
}

/**
 * The processes 1 of running containers, whichever engine and runtime has them: the first process of a PID
 * namespace below ours, in a cgroup that has the container's id in its path. Containers within containers do
 * not count.
 */
export function findContainerInits(ids: readonly string[]): readonly ContainerInit[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    const cgroups = readProc(pid, "cgroup");
    const id = ids.find((one) => cgroups.includes(one));
    // Only now the status, which grows with the process's groups.
    if (id === undefined || !isFirstBelow(readProc(pid, "status"))) return [];
    const process = findProcess(pid);
    return process === undefined ? [] : [{ id, process }];
  });
}

/** Whether a process's status (proc_pid_status(5), NSpid) is that of process 1 one namespace below ours. */
export function isFirstBelow(status: string): boolean {
  return /^NSpid:\t\d+\t1$/m.test(status);
}

/** Empty for a process that has ended. */
function readProc(pid: number, file: "status" | "cgroup"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ESRCH"])) return "";
    throw error;
  }
}
