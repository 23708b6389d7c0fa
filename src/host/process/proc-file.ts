import { access, readFile, readlink } from "node:fs/promises";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * The result of a read; undefined for a missing file, an ended process, or one that this user may not see.
 */
export async function ignoreUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "ESRCH", "EACCES", "EPERM", "EINVAL"])) return undefined;
    throw error;
  }
}

export function readText(path: string): Promise<string | undefined> {
  return ignoreUnreadable(readFile(path, "utf8"));
}

export function readLinkTarget(path: string): Promise<string | undefined> {
  return ignoreUnreadable(readlink(path));
}

/** Reads a file that holds one number, like those of /proc/sys. */
export async function readNumber(path: string): Promise<number | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : Number(text);
}

/** Whether a path does not exist; undefined when this user may not see it. */
export async function isMissing(path: string): Promise<boolean | undefined> {
  try {
    await access(path);
    return false;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR"])) return true;
    if (hasErrno(error, ["EACCES", "EPERM", "ESRCH"])) return undefined;
    throw error;
  }
}
