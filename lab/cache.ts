import { access, mkdir, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { withLock } from "#host/process/lock.ts";

export type Release = "bullseye" | "bookworm" | "trixie" | "sid";

/** The directory of built roots: `roots` in $BERTH_CACHE, or in ~/.cache/berth. Created if missing. */
export async function cacheDirectory(): Promise<string> {
  const directory = join(process.env.BERTH_CACHE || join(homedir(), ".cache", "berth"), "roots");
  await mkdir(directory, { recursive: true });
  return directory;
}

/** What mmdebstrap takes its packages from: its own default, unless $BERTH_MIRROR names another. */
export function mirrorArguments(): readonly string[] {
  const mirror = process.env.BERTH_MIRROR;
  return mirror === undefined || mirror === "" ? [] : [mirror];
}

/**
 * The cached file or directory of this name. Builds it under another name and renames, so that what is in the
 * cache is whole; two at once build it once.
 */
export async function cached(name: string, build: (path: string) => Promise<void>): Promise<string> {
  const directory = await cacheDirectory();
  const path = join(directory, name);
  if (await exists(path)) return path;
  return withLock(join(directory, `.${name}.lock`), undefined, async () => {
    if (await exists(path)) return path;
    // mmdebstrap derives the format from the name, so a tarball's must end in .tar.
    const unfinished = join(directory, `unfinished-${name}`);
    await removeTree(unfinished);
    try {
      await build(unfinished);
      await rename(unfinished, path);
    } finally {
      await removeTree(unfinished);
    }
    return path;
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
