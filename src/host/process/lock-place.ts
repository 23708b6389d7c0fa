import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { sha256 } from "#host/files/sha256.ts";

/**
 * The lock file for a name (example: a path), in a directory that only this user may enter, since any user
 * who can open a file can lock it. Root's locks are host-wide. Throws `host-unfit` if other users can write
 * to that directory.
 */
export function lockPlace(name: string): string {
  const uid = process.getuid?.();
  const runtime = process.env.XDG_RUNTIME_DIR;
  const base = uid === 0 ? "/run" : runtime?.startsWith("/") ? runtime : join(homedir(), ".cache");
  const directory = join(base, "berth", "locks");
  mkdirSync(join(base, "berth"), { recursive: true, mode: 0o755 });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o022) !== 0) {
    throw new BerthError(
      "host-unfit",
      `unsafe directory ${directory}: other users could hold the locks in it`,
      {
        hint: `Remove it: \`rm -r ${directory}\`.`,
      },
    );
  }
  // An engine that makes it, for a guard's mount, lets others enter; into it only its owner could put
  // anything.
  if ((found.mode & 0o077) !== 0) chmodSync(directory, 0o700);
  return join(directory, sha256(name).slice(0, 16));
}
