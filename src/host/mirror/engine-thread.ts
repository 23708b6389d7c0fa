import { readFileSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * Whether a thread that asks something is of Docker's engine, by its name (proc_pid_comm(5)). Distributions
 * start it by wrappers, which name it ".dockerd-wrapped". Only the host's root can ask at all.
 */
export function isEngine(thread: number): boolean {
  try {
    return thread !== 0 && readFileSync(`/proc/${thread}/comm`, "utf8").includes("dockerd");
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ESRCH"])) return false;
    throw error;
  }
}
