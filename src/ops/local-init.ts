import { readdirSync, readFileSync, statSync } from "node:fs";

/** How far a machine's systemd is: not in its place yet, in its place, or ready for `systemctl`. */
export type SystemdProgress = "early" | "in-scope" | "on-bus";

/**
 * A container's PID 1 as this host's /proc numbers it, also where the engine has a PID namespace of its own: the process whose
 * cgroup bears the container's id and that is 1 in its own namespace (proc_pid_status(5), NSpid). Undefined where the
 * engine's processes are not to be seen from here.
 */
export function findLocalInit(enginePid: number, id: string): number | undefined {
  if (isInit(String(enginePid), id)) return enginePid;
  // It has just been started, so it is among the newest.
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a));
  for (const pid of pids) if (isInit(pid, id)) return Number(pid);
  return undefined;
}

function isInit(pid: string, id: string): boolean {
  return readProc(pid, "cgroup").includes(id) && /^NSpid:.*\s1$/m.test(readProc(pid, "status"));
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
