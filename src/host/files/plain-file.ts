import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";

/** What a short file holds, and when it was written last, by the clock on the wall (milliseconds). */
export interface PlainFile {
  readonly text: string;
  readonly modifiedMs: number;
}

/** More than any of our own. */
const longest = 4096;

/**
 * Reads a short file of berth's own; undefined if it does not exist or another kind of file has its name.
 * Follows no link and waits for no FIFO.
 */
export function readPlainFile(path: string): PlainFile | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"])) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return undefined;
    const buffer = Buffer.alloc(longest);
    return {
      text: buffer.toString("utf8", 0, readSync(file, buffer, 0, longest, 0)),
      modifiedMs: stat.mtimeMs,
    };
  } finally {
    closeSync(file);
  }
}
