import { readFileSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";

/** A process, distinct from a later one with the same pid. */
export interface StartedProcess {
  readonly pid: number;
  /** Clock ticks after boot, proc_pid_stat(5) field 22. */
  readonly startTime: string;
}

export interface ProcessStat extends StartedProcess {
  readonly parent: number;
  readonly state: string;
}

/**
 * Reads one line of /proc/PID/stat, or undefined when it is not one. The command name may hold anything, line
 * feeds too.
 */
export function parseProcessStat(line: string): ProcessStat | undefined {
  const pid = Number.parseInt(line, 10);
  const fields = fieldsAfterName(line);
  const [state, parent] = fields;
  const startTime = fields[19];
  if (!(pid > 0) || state === undefined || parent === undefined || startTime === undefined) return undefined;
  return { pid, parent: Number(parent), startTime: startTime.trim(), state };
}

/**
 * Whether a process is ending, or has a pending SIGKILL, which any fatal signal turns into: flags and signal,
 * fields 9 and 31.
 */
export function isToEnd(line: string): boolean {
  const [exiting, kill] = [4, 1 << 8];
  const fields = fieldsAfterName(line);
  return (Number(fields[6]) & exiting) !== 0 || (Number(fields[28]) & kill) !== 0;
}

/** From the third on; none of what has no name. */
function fieldsAfterName(line: string): readonly string[] {
  const end = line.lastIndexOf(")");
  return end < 0 ? [] : line.slice(end + 2).split(" ");
}

/** The process that has this pid now; undefined without one. */
export function findProcess(pid: number): StartedProcess | undefined {
  try {
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return stat && { pid: stat.pid, startTime: stat.startTime };
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ESRCH"])) return undefined;
    throw error;
  }
}

/** Whether this very process has still its number. */
export function isThere({ pid, startTime }: StartedProcess): boolean {
  return findProcess(pid)?.startTime === startTime;
}
