import { link, rename, rm } from "node:fs/promises";
import { draftName } from "./draft-name.ts";
import { hasErrno } from "./errno.ts";

/**
 * Does work that replaces files, each whole (see `replaceFile`): when it fails they are again what they were, and those that were not there
 * are gone. What there was is kept beside it under another name meanwhile (link(2)), so that this takes no room on a full disk.
 */
export async function withFilesKept<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const kept = paths.map((path) => ({ path, name: draftName(path) }));
  try {
    const wereThere = new Set<string>();
    for (const { path, name } of kept) if (await linkIfThere(path, name)) wereThere.add(path);
    try {
      return await work();
    } catch (error) {
      for (const { path, name } of kept) await (wereThere.has(path) ? rename(name, path) : rm(path, { force: true }));
      throw error;
    }
  } finally {
    // Of two names of one file rename(2) leaves both.
    for (const { name } of kept) await rm(name, { force: true });
  }
}

async function linkIfThere(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name);
    return true;
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return false;
    throw error;
  }
}
