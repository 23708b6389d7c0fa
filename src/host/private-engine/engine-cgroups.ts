import { readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "../../errors.ts";
import { hasErrno } from "../errno.ts";
import { readMounts } from "./mount-table.ts";

/** The cgroup below which all machines of an engine are, in every hierarchy. */
export function engineCgroup(name: string): string {
  return `/berth-engine-${name}`;
}

/** The engine's cgroup directories on this host, one for each hierarchy that has one. */
export async function readEngineCgroups(name: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { point, type } of await readMounts()) {
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const directory = join(point, engineCgroup(name));
    if ((await childDirectories(directory)) !== undefined) found.push(directory);
  }
  return found;
}

/**
 * Lets go what machines hold of themselves so that SIGKILL does not end it: what is frozen (cgroup v1, freezer-subsystem.txt), and what
 * waits for a disk or a processor by limits of their making. berth-runtime does the same for one machine.
 */
export async function freeEngineCgroups(name: string): Promise<void> {
  for (const directory of await readEngineCgroups(name)) await freeCgroup(directory);
}

/** What each file of a cgroup is to be told, by what it says; each line is one write(2). */
const freeing: Readonly<Record<string, (text: string) => readonly string[]>> = {
  "freezer.state": () => ["THAWED"],
  "cpu.cfs_quota_us": () => ["-1"],
  "cpu.max": () => ["max"],
  "io.max": (text) => devicesOf(text).map((device) => `${device} rbps=max wbps=max riops=max wiops=max`),
  ...Object.fromEntries(
    ["read_bps", "write_bps", "read_iops", "write_iops"].map((what) => [
      `blkio.throttle.${what}_device`,
      (text: string) => devicesOf(text).map((device) => `${device} 0`),
    ]),
  ),
};

const devicesOf = (text: string) => text.split("\n").flatMap((line) => line.match(/^\d+:\d+/) ?? []);

async function freeCgroup(directory: string): Promise<void> {
  for (const [name, tell] of Object.entries(freeing)) {
    const file = join(directory, name);
    try {
      for (const line of tell(await readFile(file, "utf8"))) await writeFile(file, `${line}\n`, { flag: "r+" });
    } catch (error) {
      // Another hierarchy's; or it has gone.
      if (!hasErrno(error, ["ENOENT", "ENODEV"])) throw error;
    }
  }
  for (const child of (await childDirectories(directory)) ?? []) await freeCgroup(join(directory, child));
}

/** Removes the engine's cgroups, deepest first. Its processes must have ended; `conflict` when one has not after 5 seconds. */
export async function removeEngineCgroups(name: string): Promise<void> {
  const end = performance.now() + 5000;
  for (const directory of await readEngineCgroups(name)) {
    while (!(await removeCgroup(directory))) {
      if (performance.now() > end) {
        const processes = await readFile(join(directory, "cgroup.procs"), "utf8");
        throw new BerthError("conflict", `the cgroup ${directory} is still in use`, { details: processes.split("\n") });
      }
      // The kernel lets go of the last dying process a moment after it has left the process table.
      await sleep(50);
    }
  }
}

async function removeCgroup(directory: string): Promise<boolean> {
  for (const child of (await childDirectories(directory)) ?? []) {
    if (!(await removeCgroup(join(directory, child)))) return false;
  }
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "EBUSY") return false;
    throw error;
  }
}

async function childDirectories(directory: string): Promise<readonly string[] | undefined> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
