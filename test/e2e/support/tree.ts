import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * All that is below a directory, however deep; what goes away meanwhile, the directory itself too, is not
 * there.
 */
export async function entriesBelow(directory: string): Promise<readonly Dirent[]> {
  let entries: readonly Dirent[];
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entriesBelow(join(directory, entry.name)));
  return [...entries, ...(await Promise.all(below)).flat()];
}
