import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "#engine/connection/engine.ts";
import { inRootOf } from "#host/files/beneath.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { ignoreUnreadable } from "#host/process/proc-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { isCgroupParent } from "#plan/machine/api-contract.ts";

/**
 * Removes the parent cgroup of a machine made without berth-runtime, which engines create and leave behind.
 * Does nothing for an engine on another host. Uses plain rmdir, which keeps a cgroup in use. Keeps any parent
 * but the machine's own.
 */
export async function removeCgroupParent(engine: Engine, parent: string | undefined): Promise<void> {
  if (parent === undefined || !isCgroupParent(parent) || engine.endpoint.kind !== "unix") return;
  const pid = await findEngineProcess(engine.endpoint.path);
  // This user may not see the engine's files.
  if (pid !== undefined)
    await ignoreUnreadable(inRootOf(pid, "/sys/fs/cgroup", (root) => removeParentBelow(root, parent)));
}

/** The same for an engine whose cgroups are seen at `root`. */
export async function removeParentBelow(root: string, parent: string | undefined): Promise<void> {
  if (parent === undefined || !isCgroupParent(parent)) return;
  for (const hierarchy of await hierarchiesOf(root)) await removeEmpty(join(hierarchy, parent));
}

/** cgroup2's own root, and the v1 hierarchies below it. */
async function hierarchiesOf(root: string): Promise<readonly string[]> {
  const entries = (await ignoreUnreadable(readdir(root, { withFileTypes: true }))) ?? [];
  return [root, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name))];
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    // Missing, in use, or not removable by this user: leave it, it is harmless.
    if (!hasErrno(error, ["ENOENT", "ENOTDIR", "EBUSY", "ENOTEMPTY", "EACCES", "EPERM", "EROFS"]))
      throw error;
  }
}
