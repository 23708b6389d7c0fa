import { mkdir, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withLock } from "#host/process/lock.ts";
import { lockPlace } from "#host/process/lock-place.ts";
import { isMissing } from "#host/process/proc-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * Where dockerd and containerd write on the root file system whatever directories they are given: a key,
 * plugins, a swarm's hosts files.
 */
export const shadowedDirectories = ["/etc/docker", "/opt/containerd", "/var/lib/docker"] as const;

const markOf = (engine: string) => `.berth-engine-${engine}`;

/**
 * Makes sure of the places over which an engine mounts empty directories of its own. One that is missing is
 * made, and is there as long as any engine has its mark in it: a mount ends when its place is removed, in
 * every namespace (mount_namespaces(7)).
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

/**
 * Takes an engine's marks away, and with the last one the place, unless somebody has put something into it
 * since.
 */
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
