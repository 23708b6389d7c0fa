import { closeSync, constants, openSync } from "node:fs";
import { BerthError } from "../errors.ts";
import { hasErrno } from "./errno.ts";
import { tryLockFile } from "./syscalls.ts";

/**
 * Locks a folder itself, so that no other path to it, by a link say, leads to a second machine on it. The lock goes with the
 * returned function or this process. Throws `conflict`. File systems that lock no directories (NFS) have the lease alone.
 */
export function lockFolder(path: string, shown: string): () => void {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (tryLockFile(folder)) return () => closeSync(folder);
    throw new BerthError("conflict", `${shown} is in use by another machine, by another path`, {
      hint: "see which: docker ps --filter label=berth.root",
    });
  } catch (error) {
    if (hasErrno(error, ["EBADF", "ENOLCK", "EOPNOTSUPP", "ENOSYS"])) return () => closeSync(folder);
    closeSync(folder);
    throw error;
  }
}
