import { lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseGuest } from "#contract/guest.ts";
import { BerthError } from "#errors.ts";
import { parseOthersFuse } from "#linux/fuse-mount.ts";
import { isAt } from "#linux/path.ts";
import { type FolderEntry, type FolderFacts, mostNames } from "#plan/loader/folder.ts";
import { firstEntries, type NamedEntry } from "./first-names.ts";
import { trustedUsers, withWay } from "./path-steps.ts";
import { filesBy, type Locate, realRoot } from "./root-files.ts";

/**
 * Inspects a machine's folder, following no link out of it and entering no other user's FUSE, which might
 * never answer. Throws `file-missing` if it is not a directory.
 */
export function readFolder(path: string, command: readonly string[]): FolderFacts {
  const identity = identityOf(path);
  if (identity === undefined) throw new BerthError("file-missing", "the folder does not exist any more");
  const locate = outsideOthersFuse(realRoot(path));
  // One more name shows that there are too many.
  const entries = firstEntries(path, mostNames + 1)
    .map((entry) => entryAt(entry, locate(`/${entry.name}`)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { entries, reading: parseGuest(command, filesBy(locate)), identity };
}

/**
 * A folder's identity, independent of its path; undefined if it is not a directory, or lies in another user's
 * FUSE.
 */
export function identityOf(path: string): string | undefined {
  return withWay(path, trustedUsers({}), (_, place) => {
    const stat = place === undefined ? undefined : statSync(place, { bigint: true });
    return stat?.isDirectory() ? `${stat.dev}:${stat.ino}` : undefined;
  });
}

function outsideOthersFuse(root: string): Locate {
  const others = parseOthersFuse(readFileSync("/proc/self/mountinfo", "utf8"));
  return (path) => {
    const place = join(root, path);
    return others.some(({ point }) => isAt(point, place)) ? undefined : place;
  };
}

/** `place` is where it is to be looked at, if it is. */
function entryAt({ name, kind }: NamedEntry, place: string | undefined): FolderEntry {
  if (place === undefined) return { name, kind };
  const stat = lstatSync(place, { throwIfNoEntry: false });
  // A replacement character for invalid UTF-8 leads nowhere.
  if (stat === undefined) return { name, kind: "unnamable" };
  if (stat.isSymbolicLink()) return { name, kind: "link", target: readlinkSync(place) };
  return { name, kind: stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other" };
}
