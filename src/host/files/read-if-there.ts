import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hasErrno } from "#host/syscall/errno.ts";

/** A file's text; undefined if reading fails with one of these errnos (errno(3)), ENOENT by default. */
export async function readIfThere(
  path: string,
  absent: readonly string[] = ["ENOENT"],
): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasErrno(error, absent)) return undefined;
    throw error;
  }
}

/** The same, synchronously. */
export function readIfThereSync(path: string, absent: readonly string[] = ["ENOENT"]): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasErrno(error, absent)) return undefined;
    throw error;
  }
}
