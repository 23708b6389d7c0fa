import { constants, existsSync } from "node:fs";
import { open, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
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
    if (existsSync(directory)) found.push(directory);
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
  await eachChild(directory, freeCgroup);
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
  let isEmpty = true;
  await eachChild(directory, async (child) => {
    if (!(await removeCgroup(child))) isEmpty = false;
  });
  if (!isEmpty) return false;
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return true;
    if (hasErrno(error, ["EBUSY"])) return false;
    throw error;
  }
}

/**
 * Does something with each cgroup below one, the path of which is good meanwhile: a machine of v1 may make some whose own paths are
 * too long for any call (PATH_MAX), so each is named by its open parent. Nothing where there is none.
 */
async function eachChild(directory: string, work: (child: string) => Promise<void>): Promise<void> {
  const parent = await open(directory, constants.O_DIRECTORY | constants.O_NOFOLLOW).catch((error: unknown) => {
    if (hasErrno(error, ["ENOENT"])) return undefined;
    throw error;
  });
  if (parent === undefined) return;
  try {
    const place = `/proc/self/fd/${parent.fd}`;
    for (const entry of await readdir(place, { withFileTypes: true })) if (entry.isDirectory()) await work(join(place, entry.name));
  } finally {
    await parent.close();
  }
}
