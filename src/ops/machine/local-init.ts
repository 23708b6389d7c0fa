import { readdirSync, readlinkSync } from "node:fs";
import { readHeldListeners } from "#host/process/held-listeners.ts";
import { readProc } from "#host/process/proc-file.ts";
import { findProcess, isThere, parseProcessStat, type StartedProcess } from "#host/process/process-stat.ts";
import { readListener } from "#host/process/socket-listener.ts";

/** How far a machine's systemd is: not in its place yet, in its place, or ready for `systemctl`. */
export type SystemdProgress = "early" | "in-scope" | "on-bus";

/**
 * A container's PID 1 as a number of this host's /proc, even if its engine has a PID namespace of its own.
 * Others may name cgroups as they like there, so require that the process has the engine's number in the
 * engine's namespace and a parent in that namespace (the shim): only processes started there have such a
 * parent. The engine is the process that listens at the socket. Undefined if this user may not see its
 * processes or their namespaces.
 */
export function findLocalInit(socket: string, enginePid: number, id: string): StartedProcess | undefined {
  const listener = readListener(socket);
  const depth = listener === undefined ? 0 : numbersOf(listener).length;
  if (depth === 1) return bearsId(readProc(enginePid, "cgroup"), id) ? findProcess(enginePid) : undefined;
  const namespace = depth === 0 ? undefined : namespaceOf(String(listener));
  if (namespace === undefined) return undefined;
  const found = readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    // Check the short files first, they decide nearly all cases: a status grows with the process's groups.
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
 * A process's pids from our PID namespace down to its own (proc_pid_status(5), NSpid); empty for an ended or
 * hidden process.
 */
function numbersOf(pid: number): readonly string[] {
  return parseNumbers(readProc(pid, "status"));
}

function parseNumbers(status: string): readonly string[] {
  return /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
}

/** A process's PID namespace; undefined for an ended process, or one that this user may not trace. */
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
 * Undefined if the process has ended, even if its number is in use again. Reads synchronously, since /proc
 * answers faster than a thread switch. Looks at systemd's own socket, not at a path: a machine may place
 * anything there, including a file that blocks.
 */
export function readSystemdProgress(init: StartedProcess): SystemdProgress | undefined {
  const { pid } = init;
  const cgroup = readProc(pid, "cgroup");
  if (cgroup === "" || !isThere(init)) return undefined;
  if (!/\/init\.scope\b/.test(cgroup)) return "early";
  return readHeldListeners(pid, bus, mostOfTable).length === 0 ? "in-scope" : "on-bus";
}
