import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { grantsRoot, othersReach } from "../plan/path-access.ts";
import { readSteps } from "./path-steps.ts";

/**
 * Whether a directory is in the reach of others than the trusted users, and what is set-uid in it or a device node works
 * for them. One that is not there yet counts as the engine makes it: open to all in the nearest directory that is there.
 * False for what is no directory.
 */
export function isReachable(directory: string, trusted: ReadonlySet<number>): boolean {
  let path = directory;
  while (!existsSync(path)) path = dirname(path);
  const real = realpathSync(path);
  if (!statSync(real).isDirectory()) return false;
  return othersReach(readSteps(real), trusted) && grantsRoot(readFileSync("/proc/self/mountinfo", "utf8"), real);
}
