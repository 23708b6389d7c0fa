import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import { removeCgroups } from "#host/cgroup/cgroup-tree.ts";
import { freeCgroups } from "#host/cgroup/end-cgroups.ts";
import { readMounts } from "./mount-table.ts";
import { unitCgroup } from "./unit.ts";

/** The cgroup below which all machines of an engine without a unit are, in every hierarchy. */
export function engineCgroup(name: string): string {
  return `/berth-engine-${name}`;
}

/** The engine's cgroup directories on this host, one for each hierarchy that has one. */
export async function readEngineCgroups(name: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { point, type } of await readMounts()) {
    if (type !== "cgroup" && type !== "cgroup2") continue;
    for (const cgroup of [engineCgroup(name), unitCgroup(name)]) {
      const directory = join(point, cgroup);
      if (existsSync(directory)) found.push(directory);
    }
  }
  return found;
}

/** Thaws and unlimits what machines hold of themselves, so that SIGKILL ends it. */
export async function freeEngineCgroups(name: string): Promise<void> {
  for (const directory of await readEngineCgroups(name)) {
    freeCgroups(directory);
    // Yield, so that signals are handled.
    await setImmediate();
  }
}

/**
 * Removes the engine's cgroups, deepest first. Its processes must have ended; `conflict` when one has not
 * after 5 seconds.
 */
export async function removeEngineCgroups(name: string): Promise<void> {
  const end = performance.now() + 5000;
  for (const directory of await readEngineCgroups(name)) {
    while (!removeCgroups(directory)) {
      if (performance.now() > end) {
        const processes = await readFile(join(directory, "cgroup.procs"), "utf8");
        throw new BerthError("conflict", `the cgroup ${directory} is still in use`, {
          details: processes.split("\n"),
        });
      }
      // The kernel releases the last process a moment after it has left the process table.
      await sleep(50);
    }
  }
}
