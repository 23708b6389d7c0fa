import { readFileSync } from "node:fs";
import { findProcess, type StartedProcess } from "#host/process/process-stat.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** Docker's engine, and as a wrapper of NixOS calls it: the first 15 bytes (proc_pid_comm(5)). */
const names = ["dockerd", ".dockerd-wrappe"];

/** Whether a thread that asks something is of Docker's engine. Only the host's root can ask at all. */
export const isEngine = (thread: number): boolean =>
  thread !== 0 && names.includes(read(thread, "comm")?.trimEnd() ?? "");

/** The process that a thread is of; undefined if it has ended. */
export function processOf(thread: number): StartedProcess | undefined {
  const pid = /^Tgid:\t(\d+)$/m.exec(read(thread, "status") ?? "")?.[1];
  return pid === undefined ? undefined : findProcess(Number(pid));
}

function read(thread: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${thread}/${file}`, "utf8");
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ESRCH"])) return undefined;
    throw error;
  }
}
