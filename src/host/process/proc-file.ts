import { access, readFile, readlink } from "node:fs/promises";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * What a reading gives, or undefined for what is not there, has just ended, or is not for this user: that is
 * an answer, too.
 */
export async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "ESRCH", "EACCES", "EPERM", "EINVAL"])) return undefined;
    throw error;
  }
}

export function readText(path: string): Promise<string | undefined> {
  return orUndefined(readFile(path, "utf8"));
}

export function readLinkTarget(path: string): Promise<string | undefined> {
  return orUndefined(readlink(path));
}

/** A file that holds one number, as those of /proc/sys do. */
export async function readNumber(path: string): Promise<number | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : Number(text);
}

/** Whether the path is known not to be there; undefined when this user may not know. */
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
