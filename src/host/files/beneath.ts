import { closeSync, constants, fstatSync, openSync, type Stats } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import { openAt, resolving } from "#host/syscall/syscalls.ts";

/*
 * The only way to files below a directory that other users may change at any moment. Open the directory
 * first (O_PATH), then work on it as /proc/self/fd/N, which nobody can exchange. Use single names below it,
 * follow no link: lstat, readlink, unlink, rmdir, open with O_NOFOLLOW. Sources: openat2(2), proc_pid_fd(5).
 */

/**
 * Runs `work`, which must be synchronous, with a directory below another one, reached by no link and over no
 * mount. Undefined if it does not exist. `directory` itself may be anywhere.
 */
export function inDirectory<T>(directory: string, path: string, work: (place: string) => T): T | undefined {
  const flags = constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const opened = openPlace(
    directory,
    path,
    flags,
    resolving.beneath | resolving.noLinks | resolving.noMounts,
  );
  if (opened === undefined) return undefined;
  try {
    return work(nameOf(opened));
  } finally {
    closeSync(opened);
  }
}

/**
 * Runs `work`, which must be synchronous, with the file at a path without links, and its type. Undefined if
 * it does not exist, or the path has a link after all.
 */
export function withPlace<T>(path: string, work: (place: string, stat: Stats) => T): T | undefined {
  const opened = openPlace("/", path, constants.O_NOFOLLOW, resolving.noLinks);
  if (opened === undefined) return undefined;
  try {
    const stat = fstatSync(opened);
    return stat.isSymbolicLink() ? undefined : work(nameOf(opened), stat);
  } finally {
    closeSync(opened);
  }
}

/**
 * Runs `work` with the file at a path in a process's root (proc_pid_root(5)): links resolve as for that
 * process, never out of the root, and magic links of /proc not at all. Undefined if it does not exist or the
 * process has ended.
 */
export async function inRootOf<T>(
  pid: number | "self",
  path: string,
  work: (place: string) => T | Promise<T>,
): Promise<T | undefined> {
  const opened = openPlace(`/proc/${pid}/root`, path, 0, resolving.inRoot | resolving.noMagic);
  if (opened === undefined) return undefined;
  try {
    return await work(nameOf(opened));
  } finally {
    closeSync(opened);
  }
}

/** Whether there is nothing at a path in the root of a process; undefined when this user may not know. */
export async function isMissingInRootOf(pid: number, path: string): Promise<boolean | undefined> {
  try {
    return (await inRootOf(pid, path, () => false)) ?? true;
  } catch (error) {
    if (hasErrno(error, ["EACCES", "EPERM"])) return undefined;
    throw error;
  }
}

const nameOf = (opened: number) => `/proc/self/fd/${opened}`;

/** Treat a path that leaves the directory, crosses a mount or uses a forbidden link as missing. */
const none = ["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "ENAMETOOLONG", "ESRCH"];

function openPlace(directory: string, path: string, flags: number, resolve: bigint): number | undefined {
  let parent: number | undefined;
  try {
    parent = openSync(directory, pathOnly | constants.O_DIRECTORY);
    return openAt(parent, path, pathOnly | flags, resolve);
  } catch (error) {
    if (hasErrno(error, none)) return undefined;
    throw error;
  } finally {
    if (parent !== undefined) closeSync(parent);
  }
}
