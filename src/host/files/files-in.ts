import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasErrno } from "#host/syscall/errno.ts";

/** The paths of what is in a directory; none where it does not exist. */
export async function filesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).map((name) => join(directory, name));
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR"])) return [];
    throw error;
  }
}
