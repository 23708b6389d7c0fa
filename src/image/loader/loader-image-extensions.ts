import { readdir, readlink, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Libraries } from "./loader-image-libraries.ts";

/** A match or target that iptables loads when a rule names it. */
export interface Extension {
  readonly file: string;
  /** A link to another extension of the same directory. */
  readonly target: string | undefined;
}

/**
 * iptables' extensions: they are in a directory beside the library that loads them. None where that library
 * is not.
 */
export async function findExtensions(libraries: Libraries): Promise<readonly Extension[]> {
  const library = [...libraries].find(([name]) => name.startsWith("libxtables.so."))?.[1];
  if (library === undefined) return [];
  const directory = join(dirname(await realpath(library)), "xtables");
  const found = await readdir(directory, { withFileTypes: true });
  return await Promise.all(
    found
      .filter((entry) => entry.name.endsWith(".so"))
      .map(async (entry) => {
        const file = join(directory, entry.name);
        const target = entry.isSymbolicLink() ? await readlink(file) : undefined;
        return { file, target: target?.includes("/") ? undefined : target };
      }),
  );
}
