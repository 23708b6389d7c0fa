import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/**
 * How much of a machine's mountinfo is looked at, bytes: some thousand mounts, with those of its start first.
 * Whoever may mount in a machine can make it as long as the kernel lets them, a single line too.
 */
const mostBytes = 1 << 20;

/** The mountinfo (proc_pid_mountinfo(5)) of a process, in whole lines. */
export function readMountinfoOf(pid: number): string {
  const file = openSync(`/proc/${pid}/mountinfo`, "r");
  try {
    return readLines(file);
  } finally {
    closeSync(file);
  }
}

/** The mountinfo id of the mount that an open file is on, by its entry of proc_pid_fdinfo(5). */
export function parseMountId(fdinfo: string): number {
  return Number(/^mnt_id:\s*(\d+)$/m.exec(fdinfo)?.[1]);
}

/** The same of one that this process has open, by its descriptor. */
export const mountIdOf = (file: number): number =>
  parseMountId(readFileSync(`/proc/self/fdinfo/${file}`, "utf8"));

/** The lines of an open file up to that limit. */
export function readLines(file: number, most = mostBytes): string {
  const bytes = Buffer.allocUnsafe(most);
  let length = 0;
  while (length < most) {
    const read = readSync(file, bytes, length, most - length, null);
    if (read === 0) return bytes.toString("utf8", 0, length);
    length += read;
  }
  return bytes.toString("utf8", 0, bytes.lastIndexOf("\n") + 1);
}
