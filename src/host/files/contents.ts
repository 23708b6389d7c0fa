import { lstatSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { Contents } from "#contract/copy-up.ts";
import { hasAccessList } from "#host/syscall/acl.ts";
import { pagesOf } from "./first-names.ts";
import { ignoreMissing, rootFiles } from "./root-files.ts";

const page = 4096;
/** Directories below each other: the kernel walks all of them for each file, and so does whoever copies. */
const deepest = 64;
/**
 * A tmpfs keeps a link's text beside its inode where that, with the byte that ends it, is no longer
 * (mm/shmem.c: SHORT_SYMLINK_LEN).
 */
const shortLink = 128;

/**
 * What is below a directory of a root at rest (see `rootFiles`), for a machine of so many ids (undefined: the
 * host's); of one that is not there, nothing. Looks no further than one more than `most` files, however many
 * an image has there, and keeps no more names than one page of each directory on the way.
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
 * Whether the root of a user namespace of so many ids has no right to read it: over an inode of other ids its
 * capabilities hold nothing.
 */
function isClosed(place: string, stat: Stats, ids: number): boolean {
  if (stat.isSymbolicLink() || (stat.uid < ids && stat.gid < ids)) return false;
  // By that the group's bits are no one's, and it may name the root as well.
  if (stat.uid !== 0 && hasAccessList(place)) return true;
  const needed = stat.isDirectory() ? 0o5 : 0o4;
  // What the owner, the group, or everybody may do.
  const bits = stat.uid === 0 ? stat.mode >> 6 : stat.gid === 0 ? stat.mode >> 3 : stat.mode;
  return (bits & needed) !== needed;
}
