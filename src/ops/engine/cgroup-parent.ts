import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "#engine/connection/engine.ts";
import { inRootOf } from "#host/files/beneath.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { ignoreUnreadable } from "#host/process/proc-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { isCgroupParent } from "#plan/machine/api-contract.ts";

/**
 * Removes the parent cgroup that a machine had without berth-runtime, which engines make and leave, where the
 * engine is on this host. Only plain rmdir, which takes no cgroup that is still used; another parent than a
 * machine's own stays.
 */
export async function removeCgroupParent(engine: Engine, parent: string | undefined): Promise<void> {
  if (parent === undefined || !isCgroupParent(parent) || engine.endpoint.kind !== "unix") return;
  const pid = await findEngineProcess(engine.endpoint.path);
  // The engine's files may not be ours to see.
  if (pid !== undefined)
    await ignoreUnreadable(inRootOf(pid, "/sys/fs/cgroup", (root) => removeParentBelow(root, parent)));
}

/** The same where the engine's cgroups are seen at `root`. */
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
    // Not there, in use, or not ours to remove: it stays, and harms nobody.
    if (!hasErrno(error, ["ENOENT", "ENOTDIR", "EBUSY", "ENOTEMPTY", "EACCES", "EPERM", "EROFS"]))
      throw error;
  }
}
