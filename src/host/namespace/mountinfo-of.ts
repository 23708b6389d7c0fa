import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/**
 * Limit in bytes for a machine's mountinfo: some thousand mounts, the first ones first. A machine can make
 * it, and even single lines, as long as the kernel allows.
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

/** The same for a file that this process has open, by its descriptor. */
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
