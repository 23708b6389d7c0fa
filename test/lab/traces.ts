import { access, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { readEngineCgroups } from "../../src/host/private-engine/engine-cgroups.ts";
import { readMounts } from "../../src/host/private-engine/mount-table.ts";

const kinds = ["net", "mnt", "pid"] as const;

/** The namespaces of a process that the caller does not share, such as `net:[4026532000]`. */
export async function ownNamespaces(pid: number): Promise<readonly string[]> {
  const all = await Promise.all(kinds.map(async (kind) => [await namespaceOf(pid, kind), await namespaceOf("self", kind)]));
  return all.flatMap(([theirs, ours]) => (theirs === undefined || theirs === ours ? [] : [theirs]));
}

/** The processes that are in one of these namespaces, or whose command line names this text. */
export async function processesOf(namespaces: readonly string[], text: string): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const theirs = await Promise.all(kinds.map((kind) => namespaceOf(pid, kind)));
      const isInside = theirs.some((namespace) => namespace !== undefined && namespaces.includes(namespace));
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
