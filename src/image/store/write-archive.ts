import { createWriteStream } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BerthError } from "#errors.ts";
import { draftName } from "#host/files/draft-name.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * Writes an archive to a file. Keeps the old content until the new one is complete; writes straight to a pipe
 * or device. Throws `file-missing` for a missing directory, `file-invalid`, `disk-full`, `interrupted`.
 */
export async function writeArchive(archive: Readable, file: string, signal?: AbortSignal): Promise<void> {
  try {
    const place = await findPlace(file);
    if (!place.replaced)
      return await orAborted(pipeline(archive, createWriteStream(place.path), { signal }), signal);
    const draft = draftName(place.path);
    try {
      await pipeline(archive, createWriteStream(draft, { flags: "wx" }), { signal });
      await rename(draft, place.path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  } catch (cause) {
    throw writeError(cause as Error, file);
  } finally {
    archive.destroy();
  }
}

/**
 * A pipe without a reader blocks a write, and with it the stream's end: do not wait for it on interruption.
 */
async function orAborted(writing: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  // Ignore the later of the two outcomes.
  for (const one of [writing, aborted.promise]) one.catch(() => undefined);
  try {
    await Promise.race([writing, aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
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
    if (!hasErrno(error, ["ENOENT"])) throw error;
    return { path: file, replaced: true };
  }
}

/** The error for a failed write. */
function writeError(cause: Error, file: string): Error {
  if (cause.name === "AbortError" || cause instanceof BerthError) return cause;
  if (hasErrno(cause, ["ENOENT"])) {
    return new BerthError("file-missing", `directory ${dirname(file)} does not exist`, {
      cause,
      hint: "Create it, or name another file.",
    });
  }
  const isFull = hasErrno(cause, ["ENOSPC"]);
  return new BerthError(isFull ? "disk-full" : "file-invalid", `cannot write ${file}: ${cause.message}`, {
    cause,
    hint: isFull ? "Free some space, then run this again." : "Name a file that you can write to.",
  });
}
