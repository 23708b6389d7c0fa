import { chmod, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The text of a file; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces a file's text so that whoever reads sees the old or the new whole, also after a crash (rename(2)). Keeps its mode. */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const draft = `${path}.berth-${process.pid}`;
  const kept = await stat(path).then(
    (found) => found.mode & 0o7777,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return mode;
      throw error;
    },
  );
  try {
    const file = await open(draft, "wx", kept);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(draft, kept);
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
