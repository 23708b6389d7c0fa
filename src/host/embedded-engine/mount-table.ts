import { readFile } from "node:fs/promises";
import { type MountEntry, parseMountinfo } from "#linux/mountinfo.ts";

/** The calling process's mounts. */
export async function readMounts(): Promise<readonly MountEntry[]> {
  return parseMountinfo(await readFile("/proc/self/mountinfo", "utf8"));
}

/**
 * The mounts on and below a directory (without symbolic links in its path), the last mounted first: in this
 * order they can be unmounted.
 */
export function mountsWithin(mounts: readonly MountEntry[], directory: string): readonly MountEntry[] {
  return mounts.filter(({ point }) => point === directory || point.startsWith(`${directory}/`)).toReversed();
}
