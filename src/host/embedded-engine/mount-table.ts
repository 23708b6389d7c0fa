import { readFile } from "node:fs/promises";
import { unescapeMount } from "#linux/mount-escape.ts";

export interface MountEntry {
  readonly point: string;
  readonly type: string;
}

/** Reads proc_pid_mountinfo(5): in the order of mounting, with the octal escapes undone. */
export function parseMountInfo(text: string): readonly MountEntry[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [before = "", after = ""] = line.split(" - ");
      return { point: unescapeMount(before.split(" ")[4] ?? ""), type: after.split(" ")[0] ?? "" };
    });
}

/** The calling process's mounts. */
export async function readMounts(): Promise<readonly MountEntry[]> {
  return parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
}

/**
 * The mounts on and below a directory (without symbolic links in its path), the last mounted first: in this
 * order they can be unmounted.
 */
export function mountsWithin(mounts: readonly MountEntry[], directory: string): readonly MountEntry[] {
  return mounts.filter(({ point }) => point === directory || point.startsWith(`${directory}/`)).toReversed();
}
