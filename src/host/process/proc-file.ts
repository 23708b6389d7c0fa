import { readFileSync } from "node:fs";
import { access, readFile, readlink } from "node:fs/promises";
import { hasErrno } from "#host/syscall/errno.ts";

const unreadable = ["ENOENT", "ENOTDIR", "ESRCH", "EACCES", "EPERM", "EINVAL"] as const;

/**
 * The result of a read; undefined for a missing file, an ended process, or one that this user may not see.
 */
export async function ignoreUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (hasErrno(error, unreadable)) return undefined;
    throw error;
  }
}

/**
 * A file of a process below /proc, which answers faster than a thread switch. Empty for an ended process, and
 * for one that this user may not see.
 */
export function readProc(pid: number | string, file: "cgroup" | "comm" | "stat" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (hasErrno(error, unreadable)) return "";
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
