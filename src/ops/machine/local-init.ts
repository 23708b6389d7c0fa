import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readHeldListeners } from "#host/process/held-listeners.ts";
import { findProcess, isThere, parseProcessStat, type StartedProcess } from "#host/process/process-stat.ts";
import { readListener } from "#host/process/socket-listener.ts";

/** How far a machine's systemd is: not in its place yet, in its place, or ready for `systemctl`. */
export type SystemdProgress = "early" | "in-scope" | "on-bus";

/**
 * A container's PID 1 as this host's /proc numbers it, also where its engine has a PID namespace of its own.
 * Cgroups are named by whoever has the say over one, so there it is the process that has the engine's number
 * for it in the engine's namespace, whose parent is in that very namespace (the shim): nothing that was not
 * started there has such a parent. The engine is who listens at the socket. Undefined where its processes, or
 * their namespaces, are not for us to see.
 */
export function findLocalInit(socket: string, enginePid: number, id: string): StartedProcess | undefined {
  const listener = readListener(socket);
  const depth = listener === undefined ? 0 : numbersOf(listener).length;
  if (depth === 1)
    return bearsId(readProc(String(enginePid), "cgroup"), id) ? findProcess(enginePid) : undefined;
  const namespace = depth === 0 ? undefined : namespaceOf(String(listener));
  if (namespace === undefined) return undefined;
  const found = readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    // First what is short, and settles it for nearly all: a status is as long as a process has groups.
    if (namespaceOf(String(parseProcessStat(readProc(pid, "stat"))?.parent)) !== namespace) return false;
    const status = readProc(pid, "status");
    const numbers = parseNumbers(status);
    if (numbers.length !== depth + 1 || numbers.at(-2) !== String(enginePid) || numbers.at(-1) !== "1")
      return false;
    const parent = /^PPid:\s*(\d+)$/m.exec(status)?.[1];
    return parent !== undefined && namespaceOf(parent) === namespace;
  });
  return found === undefined ? undefined : findProcess(Number(found));
}

/**
 * Whether one of a process's cgroups (proc_pid_cgroup(5)) is a container's, and within no other container's,
 * which may give it any name.
 */
export function bearsId(cgroup: string, id: string): boolean {
  return cgroup.split("\n").some((line) => /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/.exec(line)?.[0] === id);
}

/**
 * A process's numbers, from our PID namespace's to its own (proc_pid_status(5), NSpid); none of one that has
 * ended or is hidden.
 */
function numbersOf(pid: number): readonly string[] {
  return parseNumbers(readProc(String(pid), "status"));
}

function parseNumbers(status: string): readonly string[] {
  return /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
}

/** A process's PID namespace; undefined for one that has ended, or that we may not trace. */
function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

const bus: ReadonlySet<string> = new Set(["/run/systemd/private"]);
/**
 * Bytes of a machine's table of sockets: some ten thousand. With more it is asked without having been seen on
 * its bus.
 */
const mostOfTable = 1024 * 1024;

/**
 * Undefined when the process has ended, whatever has its number by now. Reads synchronously, as all here:
 * /proc answers faster than a thread is asked. That systemd is to be reached shows in its own socket, not in
 * a path, at which a machine may have anything, such as what never answers.
 */
export function readSystemdProgress(init: StartedProcess): SystemdProgress | undefined {
  const { pid } = init;
  const cgroup = readProc(String(pid), "cgroup");
  if (cgroup === "" || !isThere(init)) return undefined;
  if (!/\/init\.scope\b/.test(cgroup)) return "early";
  return readHeldListeners(pid, bus, mostOfTable).length === 0 ? "in-scope" : "on-bus";
}

/** Empty for a process that has ended, or whose file is not ours to read. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
