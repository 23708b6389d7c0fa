import { createWriteStream } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BerthError } from "../errors.ts";

/**
 * Writes an archive to a file. What was there stays until the new one is whole; where it is no plain file (a pipe, a device) it is
 * written to as it is. Throws `file-missing` when there is no such directory, `file-invalid`, `disk-full`, `interrupted`.
 */
export async function writeArchive(archive: Readable, file: string, signal?: AbortSignal): Promise<void> {
  try {
    const place = await findPlace(file);
    if (!place.replaced) return await pipeline(archive, createWriteStream(place.path), { signal });
    const draft = `${place.path}.berth-${process.pid}`;
    try {
      await pipeline(archive, createWriteStream(draft, { flags: "wx" }), { signal });
      await rename(draft, place.path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  } catch (cause) {
    throw explain(cause as NodeJS.ErrnoException, file);
  } finally {
    archive.destroy();
  }
}

/** The file itself where it is a link, and whether another may take its place. */
async function findPlace(file: string): Promise<{ readonly path: string; readonly replaced: boolean }> {
  try {
    const path = await realpath(file);
    const found = await stat(path);
    if (found.isDirectory()) throw Object.assign(new Error("it is a directory"), { code: "EISDIR" });
    return { path, replaced: found.isFile() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { path: file, replaced: true };
  }
}

function explain(cause: NodeJS.ErrnoException, file: string): Error {
  if (cause.name === "AbortError") return cause;
  if (cause.code === "ENOENT") {
    return new BerthError("file-missing", `there is no directory ${dirname(file)}`, { cause, hint: "Make it, or name another file." });
  }
  return new BerthError(cause.code === "ENOSPC" ? "disk-full" : "file-invalid", `cannot write ${file}: ${cause.message}`, {
    cause,
    hint: cause.code === "ENOSPC" ? "Make room, then run this again." : "Name a file that you may write to.",
  });
}
