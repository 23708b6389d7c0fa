import { access, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { readEngineCgroups } from "#host/embedded-engine/engine-cgroups.ts";
import { readMounts } from "#host/embedded-engine/mount-table.ts";
import { readProcess } from "#host/embedded-engine/process-identity.ts";

const kinds = ["net", "mnt", "pid"] as const;

/** The namespaces of a process that the caller does not share (example: `net:[4026532000]`). */
export async function ownNamespaces(pid: number): Promise<readonly string[]> {
  const all = await Promise.all(
    kinds.map(async (kind) => [await namespaceOf(pid, kind), await namespaceOf("self", kind)]),
  );
  return all.flatMap(([theirs, ours]) => (theirs === undefined || theirs === ours ? [] : [theirs]));
}

/** Now, in the unit of a process's start time (proc_pid_stat(5)): clock ticks since boot. */
export async function ticksNow(): Promise<number> {
  return Number.parseFloat(await readFile("/proc/uptime", "utf8")) * 100;
}

/**
 * The processes that are in one of these namespaces, or whose command line names this text. Those that
 * started after `until` do not count: the kernel gives a namespace's number to another as soon as it is gone.
 */
export async function processesOf(
  namespaces: readonly string[],
  text: string,
  until = Infinity,
): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const theirs = await Promise.all(kinds.map((kind) => namespaceOf(pid, kind)));
      const isInside = theirs.some((namespace) => namespace !== undefined && namespaces.includes(namespace));
      if (until !== Infinity && Number((await readProcess(pid))?.startTime ?? Infinity) > until) return [];
      return isInside || (await commandLine(pid)).includes(text) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Mounts in sight here that name this text. */
export async function mountsNaming(text: string): Promise<readonly string[]> {
  return (await readMounts()).map(({ point }) => point).filter((point) => point.includes(text));
}

/** Cgroup directories of an engine. */
export const cgroupsOf = readEngineCgroups;

/** Whether there is a file or directory of this path. */
export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function namespaceOf(pid: number | "self", kind: (typeof kinds)[number]): Promise<string | undefined> {
  // A process may end while it is looked at.
  return readlink(join("/proc", String(pid), "ns", kind)).catch(() => undefined);
}

async function commandLine(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}
