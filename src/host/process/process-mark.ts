import { readFileSync, readlinkSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { findProcess } from "./process-stat.ts";

/**
 * Marks this process such that another one of the same PID namespace can tell whether it has ended:
 * "BOOT pid:[NUMBER] PID START", by /proc/sys/kernel/random/boot_id, pid_namespaces(7) and proc_pid_stat(5).
 */
export function markSelf(): string {
  return `${place()} ${process.pid} ${findProcess(process.pid)?.startTime}`;
}

/** Whether a marked process has ended; false also where that cannot be seen, and for what is no mark. */
export function hasEnded(mark: string): boolean {
  const [, where, number, startTime] = /^(\S+ pid:\[\d+\]) ([1-9]\d*) (\d+)$/.exec(mark) ?? [];
  if (where === undefined || where !== place()) return false;
  const pid = Number(number);
  const found = findProcess(pid);
  return found === undefined ? !isNumberUsed(pid) : found.startTime !== startTime;
}

const place = () =>
  `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;

/** Whether a process has that number, also one that /proc hides from this user (proc(5), hidepid). */
function isNumberUsed(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (hasErrno(error, ["ESRCH"])) return false;
    if (hasErrno(error, ["EPERM"])) return true;
    throw error;
  }
}
