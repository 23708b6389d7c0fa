import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { hasErrno } from "#host/syscall/errno.ts";

/** Below `cacheDirectory`: tarballs of roots, and the locks of those who build them. */
const rootsDirectory = "roots";
/** As `buildRoot` calls what it makes: a tarball, or its lock. */
const cached = /^(?:.+-[0-9a-f]{12}\.tar|\..+-[0-9a-f]{12}\.lock)$/;

/**
 * The files that builds have left in the cache, by their paths. Nothing else in that directory is counted.
 */
export async function findCachedRoots(cache: string): Promise<readonly string[]> {
  const directory = join(cache, rootsDirectory);
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && cached.test(entry.name))
      .map(({ name }) => join(directory, name));
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return [];
    throw error;
  }
}

/**
 * Removes these files, and then the cache's directories, but for one that holds anything else, or is a mount.
 */
export async function removeCachedRoots(cache: string, files: readonly string[]): Promise<void> {
  for (const file of files) await rm(file, { force: true });
  for (const directory of [join(cache, rootsDirectory), cache]) {
    try {
      await rmdir(directory);
    } catch (error) {
      if (!hasErrno(error, ["ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY"])) throw error;
    }
  }
}
