import { constants, copyFile, link, rename, rm } from "node:fs/promises";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { draftName } from "./draft-name.ts";

/**
 * Runs work that replaces whole files (see `replaceFile`). If it fails, restores their old content, and
 * removes files that did not exist before. Keeps the old content by a second hard link meanwhile (link(2)),
 * which needs no space on a full disk. Names the copies of files that it cannot restore in the error.
 */
export async function withFilesKept<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const kept = new Map<string, string>();
  const lost: string[] = [];
  try {
    for (const path of paths) {
      const name = draftName(path);
      if (await keep(path, name)) kept.set(path, name);
    }
    return await work();
  } catch (error) {
    for (const path of paths) await putBack(path, kept.get(path)).catch(() => lost.push(path));
    if (lost.length === 0) throw error;
    throw new BerthError(
      "tool-failed",
      `${error instanceof Error ? error.message : error}; and cannot restore ${lost.join(" and ")}`,
      {
        hint: `restore by hand from: ${lost.map((path) => kept.get(path) ?? `no ${path} before`).join(", ")}`,
        cause: error,
      },
    );
  } finally {
    // Of two names of one file rename(2) leaves both.
    for (const [path, name] of kept) if (!lost.includes(path)) await rm(name, { force: true });
  }
}

/** False if there is no file to keep. */
async function keep(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name);
    return true;
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return false;
    // A file system without further names (FAT, some by FUSE).
    if (!hasErrno(error, ["EPERM", "ENOTSUP", "EOPNOTSUPP"])) throw error;
    await copyFile(path, name, constants.COPYFILE_EXCL);
    return true;
  }
}

const putBack = (path: string, name: string | undefined) =>
  name === undefined ? rm(path, { force: true }) : rename(name, path);
