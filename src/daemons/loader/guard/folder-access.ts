import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { leasePath } from "#host/files/lease-place.ts";
import { othersFuseOf, trustedUsers, withWay } from "#host/files/path-steps.ts";
import { isReachable } from "#host/files/reachable.ts";
import { parentOf } from "#linux/path.ts";
import { type PathStep, reachedByOthers, swapFault, swappedByOthers } from "#plan/machine/path-access.ts";

/**
 * A folder's paths in its guard: the mount of its parent directory, which hides what is above, and itself.
 */
export interface FolderPlaces {
  readonly parent: string;
  readonly place: string;
}

/** The folder under its own name, as opposed to what was bound under that name when the guard began. */
export function byName(folder: string, { parent }: Pick<FolderPlaces, "parent">): string {
  return join(parent, folder.slice(folder.lastIndexOf("/") + 1));
}

/**
 * Throws `file-untrusted` for a folder or lease in another user's FUSE: any access might block, and the guard
 * could not watch its loader any more. Later mounts do not propagate into the guard's container.
 */
export function refuseOthersFuse(folder: string, places: FolderPlaces): void {
  const named = byName(folder, places);
  if (
    [leasePath(named), named, places.place].every(
      (path) => othersFuseOf(path, trustedUsers({})) === undefined,
    )
  )
    return;
  throw new BerthError(
    "file-untrusted",
    `${folder} or its lease lies in another user's file system (FUSE), which might never answer`,
    {
      hint: "Keep it in a file system that root mounted.",
    },
  );
}

/**
 * What to say of a machine's folder where others than root could put another in its place, or else can walk
 * to it.
 */
export function accessWarnings(folder: string, { parent, place }: FolderPlaces): readonly string[] {
  const trusted = trustedUsers({});
  const shown = (path: string) =>
    path === parent || path.startsWith(`${parent}/`)
      ? join(parentOf(folder), path.slice(parent.length))
      : path;
  return withWay(byName(folder, { parent }), trusted, (way) => {
    const seen = (steps: readonly PathStep[]) => steps.map((step) => ({ ...step, path: shown(step.path) }));
    const fault = swapFault({ steps: seen(way.steps), real: seen(way.real), end: way.end }, trusted);
    if (fault !== undefined) {
      return [
        `${swappedByOthers(folder, fault)} Keep it where only root may write to each directory of the path ` +
          "(example: /srv)",
      ];
    }
    // A link that leads elsewhere is broken in this container; the folder that it leads to is mounted all the
    // same.
    const reachable =
      way.end === "missing"
        ? withWay(place, trusted, (end) => isReachable(end, trusted))
        : isReachable(way, trusted);
    return reachable ? [`${reachedByOthers(folder)} Close it: chmod 700 ${folder}`] : [];
  });
}
