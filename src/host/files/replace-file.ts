import { chmod, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { hasErrno } from "#host/syscall/errno.ts";
import { draftName } from "./draft-name.ts";

/** A file's permissions; undefined if it does not exist. */
export async function readMode(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o7777;
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return undefined;
    throw error;
  }
}

/**
 * Replaces a file's text atomically, also across a crash (rename(2)). Keeps the file's mode by default, since
 * its owner chose it; a new file gets 0644.
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const draft = draftName(path);
  const set = mode ?? (await readMode(path)) ?? 0o644;
  try {
    const file = await open(draft, "wx", set);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(draft, set);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
