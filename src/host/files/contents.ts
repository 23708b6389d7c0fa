import { lstatSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { Contents } from "#contract/copy-up.ts";
import { hasAccessList } from "#host/syscall/acl.ts";
import { pagesOf } from "./first-names.ts";
import { ignoreMissing, rootFiles } from "./root-files.ts";

const page = 4096;
/** Limit for nested directories: the kernel walks all of them for each file, and so does a copy. */
const deepest = 64;
/**
 * tmpfs keeps a link's target beside its inode up to this length, with the final NUL (mm/shmem.c:
 * SHORT_SYMLINK_LEN).
 */
const shortLink = 128;

/**
 * The contents of a directory of an inactive root (see `rootFiles`), for a machine with this many ids
 * (undefined: the host's); empty if it does not exist. Stops one beyond `most` files, and keeps at most one
 * page of names of each directory on the way.
 */
export function readContents(
  root: string,
  directory: string,
  { most, ids }: { readonly most: number; readonly ids: number | undefined },
): Contents {
  let [bytes, inodes]: [number, number] = [0, 0];
  let [odd, closed, deep]: (string | undefined)[] = [];
  const count = (path: string, depth: number) => {
    const place = join(root, path);
    // Too long a path for any program.
    const stat = ignoreMissing(() => lstatSync(place));
    inodes += 1;
    if (stat === undefined) odd = path;
    else if (stat.isFile()) bytes += Math.ceil(stat.size / page) * page;
    else if (stat.isDirectory() && depth === deepest) deep = path;
    else if (stat.isDirectory()) countAll(path, place, depth + 1);
    else if (stat.isSymbolicLink()) bytes += stat.size < shortLink ? 0 : page;
    else odd = path;
    if (stat !== undefined && ids !== undefined && isClosed(place, stat, ids)) closed = path;
  };
  const countAll = (path: string, place: string, depth: number) => {
    for (const entries of pagesOf(place)) {
      for (const { name } of entries) {
        if (inodes > most || deep !== undefined) return;
        count(join(path, name), depth);
      }
    }
  };
  const found = rootFiles(root).resolve(directory);
  if (found !== undefined) count(found, 0);
  return { bytes, inodes, odd, closed, deep };
}

/**
 * Whether the root of a user namespace with this many ids may not read it: its capabilities do not cover
 * inodes of other ids.
 */
function isClosed(place: string, stat: Stats, ids: number): boolean {
  if (stat.isSymbolicLink() || (stat.uid < ids && stat.gid < ids)) return false;
  // An access control list turns the group's bits into a mask, and may name the root as well.
  if (stat.uid !== 0 && hasAccessList(place)) return true;
  const needed = stat.isDirectory() ? 0o5 : 0o4;
  // The permissions of the owner, the group, or others.
  const bits = stat.uid === 0 ? stat.mode >> 6 : stat.gid === 0 ? stat.mode >> 3 : stat.mode;
  return (bits & needed) !== needed;
}
