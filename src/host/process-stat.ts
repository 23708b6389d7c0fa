import { readFileSync } from "node:fs";
import { hasErrno } from "./errno.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export interface StartedProcess {
  readonly pid: number;
  /** Clock ticks after boot, proc_pid_stat(5) field 22. */
  readonly startTime: string;
}

export interface ProcessStat extends StartedProcess {
  readonly parent: number;
  readonly state: string;
}

/** Reads one line of /proc/PID/stat, or undefined when it is not one. The command name may hold anything, line feeds too. */
export function parseProcessStat(line: string): ProcessStat | undefined {
  const end = line.lastIndexOf(")");
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(end + 2).split(" ");
  const [state, parent] = fields;
  const startTime = fields[19];
  if (end < 0 || !(pid > 0) || state === undefined || parent === undefined || startTime === undefined) return undefined;
  return { pid, parent: Number(parent), startTime: startTime.trim(), state };
}

/** The process that has this number now; undefined when there is none. */
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
