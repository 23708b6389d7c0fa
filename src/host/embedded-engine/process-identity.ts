import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import { readIfThere } from "#host/files/read-if-there.ts";
import { type ProcessStat, parseProcessStat } from "#host/process/process-stat.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** The process recorded in a file by its own stat line, alive or not; undefined without such a file. */
export async function readRecordedProcess(path: string): Promise<ProcessStat | undefined> {
  const line = await readIfThere(path);
  return line === undefined ? undefined : parseProcessStat(line);
}

/** The process that has this pid now; undefined without one. */
export async function readProcess(pid: number): Promise<ProcessStat | undefined> {
  const line = await readIfThere(`/proc/${pid}/stat`, ["ENOENT", "ESRCH"]);
  return line === undefined ? undefined : parseProcessStat(line);
}

/** Whether this very process still runs; a zombie does not. */
export async function isAlive(identity: ProcessStat): Promise<boolean> {
  const now = await readProcess(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.state !== "Z" && now.state !== "X";
}

/** Signals exactly this process, never a reused pid. False if it has ended already. */
export async function signalProcess(identity: ProcessStat, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (hasErrno(error, ["ESRCH"])) return false;
    throw new BerthError("host-unfit", `cannot signal process ${identity.pid}`, {
      cause: error,
      hint: "Run as root.",
    });
  }
}

/** Waits until the process has ended; false if it still runs after the timeout in milliseconds. */
export async function waitUntilGone(identity: ProcessStat, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (await isAlive(identity)) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}
