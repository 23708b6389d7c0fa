import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * Throws `host-unfit` with this hint where a path, there or to be made, is on a read-only file system
 * (access(2), EROFS): before anything is written that would have to be taken back.
 */
export async function requireWritable(path: string, hint: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return await requireWritable(dirname(path), hint);
    if (!hasErrno(error, ["EROFS"])) throw error;
    throw new BerthError("host-unfit", `${path} is on a read-only file system`, { hint, cause: error });
  }
}
