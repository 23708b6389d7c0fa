import { closeSync, openSync } from "node:fs";
import { BerthError } from "#errors.ts";
import { identityOf } from "#host/files/folder.ts";
import { tryLockFile } from "#host/syscall/syscalls.ts";
import { lockPlace } from "./lock-place.ts";

/**
 * Locks what a folder is on this host, so that no other path to it, by a link say, leads to a second machine
 * on it. The lock is on a file of root's own and not on the folder, whose lock anybody has who can open it.
 * It goes with the returned function or this process. Throws `conflict`, `file-missing`, and `host-unfit` as
 * `lockPlace` does.
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
