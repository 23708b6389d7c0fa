import { mkdir, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withLock } from "#host/process/lock.ts";
import { lockPlace } from "#host/process/lock-place.ts";
import { isMissing } from "#host/process/proc-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * Where dockerd and containerd write on the root file system regardless of their configured directories: a
 * key, plugins, a swarm's hosts files.
 */
export const shadowedDirectories = ["/etc/docker", "/opt/containerd", "/var/lib/docker"] as const;

const markOf = (engine: string) => `.berth-engine-${engine}`;

/**
 * Prepares the mount points of an engine's own empty directories. Creates missing ones, which stay as long as
 * any engine has a mark in them: removing a mount point ends its mounts in all namespaces
 * (mount_namespaces(7)).
 */
export async function holdShadowed(
  engine: string,
  places: readonly string[] = shadowedDirectories,
): Promise<void> {
  for (const place of places) {
    await withLock(lockPlace(dirname(place)), undefined, async () => {
      const isNew = await isMissing(place);
      if (isNew) await mkdir(place, { mode: 0o755 });
      if (isNew || (await readdir(place)).some((file) => file.startsWith(markOf(""))))
        await writeFile(join(place, markOf(engine)), "");
    });
  }
}

/** Removes an engine's marks, and with the last mark the directory, unless it has other content. */
export async function releaseShadowed(
  engine: string,
  places: readonly string[] = shadowedDirectories,
): Promise<void> {
  for (const place of places) {
    await withLock(lockPlace(dirname(place)), undefined, async () => {
      try {
        await rm(join(place, markOf(engine)));
        await rmdir(place);
      } catch (error) {
        if (!hasErrno(error, ["ENOENT", "ENOTEMPTY"])) throw error;
      }
    });
  }
}
