import { join } from "node:path";
import { trustedUsers, withWay } from "../../host/path-steps.ts";
import { isReachable } from "../../host/reachable.ts";
import { parentOf } from "../../plan/loader/guard.ts";
import { type PathStep, reachedByOthers, swapFault, swappedByOthers } from "../../plan/path-access.ts";

/**
 * What to say of a machine's folder where others than root could put another in its place, or else can walk to it. `parent` and `place`
 * are where the directory that it is in and itself are seen here, by which what is above that directory is not to be seen.
 */
export function accessWarnings(folder: string, { parent, place }: { readonly parent: string; readonly place: string }): readonly string[] {
  const trusted = trustedUsers({});
  const name = folder.slice(folder.lastIndexOf("/") + 1);
  const shown = (path: string) =>
    path === parent || path.startsWith(`${parent}/`) ? join(parentOf(folder), path.slice(parent.length)) : path;
  return withWay(join(parent, name), trusted, (way) => {
    const seen = (steps: readonly PathStep[]) => steps.map((step) => ({ ...step, path: shown(step.path) }));
    const fault = swapFault({ steps: seen(way.steps), real: seen(way.real), end: way.end }, trusted);
    if (fault !== undefined) {
      return [`${swappedByOthers(folder, fault)} Keep it where only root may write on the whole way, such as in /srv`];
    }
    // A link to elsewhere leads nowhere from here; the folder that it leads to is seen all the same.
    const reachable = way.end === "missing" ? withWay(place, trusted, (end) => isReachable(end, trusted)) : isReachable(way, trusted);
    return reachable ? [`${reachedByOthers(folder)} Close it: chmod 700 ${folder}`] : [];
  });
}
