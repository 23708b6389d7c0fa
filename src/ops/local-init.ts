import { readdirSync, readFileSync } from "node:fs";
import { readHeldListeners } from "../host/held-listeners.ts";
import { findProcess, isThere, type StartedProcess } from "../host/process-stat.ts";

/** How far a machine's systemd is: not in its place yet, in its place, or ready for `systemctl`. */
export type SystemdProgress = "early" | "in-scope" | "on-bus";

/**
 * A container's PID 1 as this host's /proc numbers it, also where the engine has a PID namespace of its own: of the processes
 * whose cgroup bears the container's id and that are 1 in their own namespace, the outermost; the others are containers
 * within it (proc_pid_status(5), NSpid). Undefined where the engine's processes are not to be seen from here.
 */
export function findLocalInit(enginePid: number, id: string): StartedProcess | undefined {
  const rankOf = (pid: string) => rankInit(readProc(pid, "cgroup"), () => readProc(pid, "status"), id);
  const near = rankOf(String(enginePid));
  if (near?.above === 0) return findProcess(enginePid);
  let found: { readonly pid: number; readonly rank: Rank } | undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const rank = rankOf(pid);
    if (rank !== undefined && (found === undefined || isOuter(rank, found.rank))) found = { pid: Number(pid), rank };
  }
  return found && findProcess(found.pid);
}

interface Rank {
  /** Of how many containers' cgroups the one that bears the id is within: a machine may give any name to what is within its own. */
  readonly above: number;
  /** In how many PID namespaces the process has a number. */
  readonly depth: number;
}

function isOuter(a: Rank, b: Rank): boolean {
  return a.above === b.above ? a.depth < b.depth : a.above < b.above;
}

/** By a process's proc_pid_cgroup(5) and proc_pid_status(5); undefined for one that is no init of the container. */
export function rankInit(cgroup: string, status: () => string, id: string): Rank | undefined {
  const places = cgroup.split("\n").map((line) => Array.from(line.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g), String).indexOf(id));
  const found = places.filter((place) => place >= 0);
  if (found.length === 0) return undefined;
  const numbers = /^NSpid:\s+(.*)$/m.exec(status())?.[1]?.split(/\s+/);
  return numbers?.at(-1) === "1" ? { above: Math.min(...found), depth: numbers.length } : undefined;
}

const bus: ReadonlySet<string> = new Set(["/run/systemd/private"]);

/**
 * Undefined when the process has ended, whatever has its number by now. Reads synchronously, as all here: /proc answers faster than a thread is asked. That
 * systemd is to be reached shows in its own socket, not in a path, at which a machine may have anything, such as what never answers.
 */
export function readSystemdProgress(init: StartedProcess): SystemdProgress | undefined {
  const { pid } = init;
  const cgroup = readProc(String(pid), "cgroup");
  if (cgroup === "" || !isThere(init)) return undefined;
  if (!/\/init\.scope\b/.test(cgroup)) return "early";
  return readHeldListeners(pid, bus).length === 0 ? "in-scope" : "on-bus";
}

/** Empty for a process that has ended, or whose file is not ours to read. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
