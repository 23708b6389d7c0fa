import { readFileSync } from "node:fs";
import { grantsRoot, othersReach, type Way } from "#plan/machine/path-access.ts";

/**
 * Whether untrusted users can reach the directory at the end of a path, so that its set-uid files and device
 * nodes work for them. Assumes that the engine creates a missing one, open to all, in the nearest existing
 * directory. False if it is not a directory.
 */
export function isReachable({ real, end }: Way, trusted: ReadonlySet<number>): boolean {
  const last = real.at(-1);
  if (
    last === undefined ||
    end === "unseen" ||
    end === "too-long" ||
    (end === "there" && last.kind !== "directory")
  )
    return false;
  return othersReach(real, trusted) && grantsRoot(readFileSync("/proc/self/mountinfo", "utf8"), last.path);
}
