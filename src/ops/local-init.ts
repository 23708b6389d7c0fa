import { readdirSync, readFileSync, statSync } from "node:fs";

/** How far a machine's systemd is: not in its place yet, in its place, or ready for `systemctl`. */
export type SystemdProgress = "early" | "in-scope" | "on-bus";

/**
 * A container's PID 1 as this host's /proc numbers it, also where the engine has a PID namespace of its own: of the processes
 * whose cgroup bears the container's id and that are 1 in their own namespace, the outermost; the others are containers
 * within it (proc_pid_status(5), NSpid). Undefined where the engine's processes are not to be seen from here.
 */
export function findLocalInit(enginePid: number, id: string): number | undefined {
  if (initDepth(String(enginePid), id) !== undefined) return enginePid;
  let outermost: { readonly pid: number; readonly depth: number } | undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const depth = initDepth(pid, id);
    if (depth !== undefined && depth < (outermost?.depth ?? Number.POSITIVE_INFINITY)) outermost = { pid: Number(pid), depth };
  }
  return outermost?.pid;
}

/** In how many PID namespaces such a process has a number; undefined for one that is no init of the container. */
function initDepth(pid: string, id: string): number | undefined {
  if (!readProc(pid, "cgroup").includes(id)) return undefined;
  const numbers = /^NSpid:\s+(.*)$/m.exec(readProc(pid, "status"))?.[1]?.split(/\s+/);
  return numbers?.at(-1) === "1" ? numbers.length : undefined;
}

/** Undefined when the process has ended. Reads synchronously, as all here: /proc answers faster than a thread is asked. */
export function readSystemdProgress(pid: number): SystemdProgress | undefined {
  const cgroup = readProc(String(pid), "cgroup");
  if (cgroup === "") return undefined;
  if (!/\/init\.scope\b/.test(cgroup)) return "early";
  try {
    return statSync(`/proc/${pid}/root/run/systemd/private`, { throwIfNoEntry: false }) === undefined ? "in-scope" : "on-bus";
  } catch {
    // Who may not look into the machine takes the scope for it.
    return "on-bus";
  }
}

/** Empty for a process that has ended, or whose file is not ours to read. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
