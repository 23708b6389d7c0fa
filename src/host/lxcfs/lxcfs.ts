import { closeSync, constants, existsSync, readFileSync } from "node:fs";
import { type LxcfsOffer, lxcfsFiles, parseLxcfs } from "#contract/lxcfs.ts";
import { openRootsMount } from "#host/namespace/root-mount.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import { openAt, resolving } from "#host/syscall/syscalls.ts";
import { parseOthersFuse } from "#linux/fuse-mount.ts";

const readMountinfo = () => readFileSync("/proc/self/mountinfo", "utf8");

/**
 * The lxcfs of the host that this process runs on, and which files it offers; undefined where root has
 * mounted none at a place that is root's alone, or the mounted one has ended. `mountinfo` is that of its own
 * mount namespace.
 */
export function readLxcfs(mountinfo = readMountinfo()): LxcfsOffer | undefined {
  return withLxcfs((offer) => offer, mountinfo);
}

/**
 * The same for work, which must be synchronous, on the files themselves: an open place (O_PATH) of each,
 * which stays lxcfs's even if its path changes.
 */
export function withLxcfs<T>(
  work: (offer: LxcfsOffer, places: ReadonlyMap<string, number>) => T,
  mountinfo = readMountinfo(),
): T | undefined {
  const others = new Set(parseOthersFuse(mountinfo).map(({ id }) => id));
  for (const mount of parseLxcfs(mountinfo)) {
    const root = openRootsMount(mount, others);
    if (root === undefined) continue;
    const places = new Map<string, number>();
    try {
      for (const file of lxcfsFiles) {
        const place = openFile(root, file);
        if (place !== undefined) places.set(file, place);
      }
      if (places.size > 0)
        return work({ directory: mount.directory, device: mount.device, files: [...places.keys()] }, places);
    } finally {
      for (const place of [root, ...places.values()]) closeSync(place);
    }
  }
  return undefined;
}

const placeOnly = pathOnly | constants.O_NOFOLLOW;
/** What lxcfs does not offer, or no longer: one that has ended is not connected, or its connection is cut. */
const none = ["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "EACCES", "EIO", "ENOTCONN", "ECONNABORTED"];

/** Of the very mount, and one that answers. */
function openFile(root: number, file: string): number | undefined {
  try {
    const place = openAt(
      root,
      file.slice(1),
      placeOnly,
      resolving.beneath | resolving.noLinks | resolving.noMounts,
    );
    if (existsSync(`/proc/self/fd/${place}`)) return place;
    closeSync(place);
  } catch (error) {
    if (!hasErrno(error, none)) throw error;
  }
  return undefined;
}
