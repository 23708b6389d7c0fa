import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hasErrno } from "#host/syscall/errno.ts";

/** The text of a file; undefined when reading fails with one of these (errno(3)), as where there is none. */
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

/** The same, but synchronously. */
export function readIfThereSync(path: string, absent: readonly string[] = ["ENOENT"]): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasErrno(error, absent)) return undefined;
    throw error;
  }
}
