import { closeSync, openSync } from "node:fs";
import { BerthError } from "#errors.ts";
import { identityOf } from "#host/files/folder.ts";
import { tryLockFile } from "#host/syscall/syscalls.ts";
import { lockPlace } from "./lock-place.ts";

/**
 * Locks a folder on this host by its identity, so that no second machine uses it through another path. Locks
 * a file of root's, since any user who can open the folder could lock that. The lock ends with the returned
 * function or this process. Throws `conflict`, `file-missing`, and `host-unfit` as `lockPlace` does.
 */
export function lockFolder(path: string, shown: string): () => void {
  const identity = identityOf(path);
  if (identity === undefined) throw new BerthError("file-missing", "the folder does not exist any more");
  const file = openSync(lockPlace(`folder ${identity}`), "a", 0o600);
  if (tryLockFile(file)) return () => closeSync(file);
  closeSync(file);
  throw new BerthError("conflict", `another machine uses ${shown} by another path`, {
    hint: "find it: docker ps --filter label=berth.root",
  });
}
