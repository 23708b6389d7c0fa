import { readFileSync } from "node:fs";
import { grantsRoot, othersReach, type Way } from "#plan/machine/path-access.ts";

/**
 * Whether the directory that a way leads to is in the reach of others than the trusted users, and what is
 * set-uid in it or a device node works for them. One that is not there yet counts as the engine makes it:
 * open to all in the nearest directory that is there. False for what is no directory.
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
