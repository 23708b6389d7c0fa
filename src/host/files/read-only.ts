import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** Whether a path, there or to be made, is on a read-only file system (access(2), EROFS). */
export async function isReadOnly(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return false;
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return await isReadOnly(dirname(path));
    // Who may write there is another question.
    if (hasErrno(error, ["EACCES"])) return false;
    if (hasErrno(error, ["EROFS"])) return true;
    throw error;
  }
}

/** Throws `host-unfit` with this hint for such a path, before anything is written that must be taken back. */
export async function requireWritable(path: string, hint: string): Promise<void> {
  if (!(await isReadOnly(path))) return;
  throw new BerthError("host-unfit", `${path} is on a read-only file system`, { hint });
}
