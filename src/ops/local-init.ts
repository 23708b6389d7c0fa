import { access, readdir, readFile } from "node:fs/promises";

/** How far a machine's systemd is: not in its place yet, in its place, or ready for `systemctl`. */
export type SystemdProgress = "early" | "in-scope" | "on-bus";

/**
 * A container's PID 1 as this host's /proc numbers it, also where the engine has a PID namespace of its own: the process whose
 * cgroup bears the container's id and that is 1 in its own namespace (proc_pid_status(5), NSpid). Undefined where the
 * engine's processes are not to be seen from here.
 */
export async function findLocalInit(enginePid: number, id: string): Promise<number | undefined> {
  if (await isInit(String(enginePid), id)) return enginePid;
  // It has just been started, so it is among the newest.
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a));
  for (const pid of pids) if (await isInit(pid, id)) return Number(pid);
  return undefined;
}

async function isInit(pid: string, id: string): Promise<boolean> {
  return (await readProc(pid, "cgroup")).includes(id) && /^NSpid:.*\s1$/m.test(await readProc(pid, "status"));
}

/** Undefined when the process has ended. */
export async function readSystemdProgress(pid: number): Promise<SystemdProgress | undefined> {
  const cgroup = await readProc(String(pid), "cgroup");
  if (cgroup === "") return undefined;
  if (!/\/init\.scope\b/.test(cgroup)) return "early";
  try {
    await access(`/proc/${pid}/root/run/systemd/private`);
    return "on-bus";
  } catch (error) {
    // Who may not look into the machine takes the scope for it.
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "in-scope" : "on-bus";
  }
}

/** Empty for a process that has ended, or whose file is not ours to read. */
async function readProc(pid: string, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}
