import { closeSync, constants, readdirSync, statSync, writeSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { openAt, openFileSystem, resolving } from "#host/syscall/syscalls.ts";
import type { IdRange } from "#linux/id-range.ts";

/** A fusectl that is mounted nowhere, once it was needed. */
let control: number | undefined;
function openControl(): number {
  control ??= openFileSystem("fusectl");
  return control;
}

/**
 * Aborts a FUSE connection wherever it is mounted: blocked readers get an error, even if its server cannot be
 * killed. `device` is the file system's, as in mountinfo. Never blocks. Does nothing if the connection is
 * gone. Source: the kernel's filesystems/fuse.rst, "Aborting a filesystem connection".
 */
export function abortConnection(device: string): void {
  abort(device.split(":")[1] ?? "");
}

/**
 * Aborts all FUSE connections of a machine's users. Processes that wait for an answer of their own machine's
 * server, which SIGKILL does not end, end by that. A connection belongs to the user that mounted it
 * (user_id), whatever remains of the mount.
 */
export function abortConnectionsOf({ base, count }: IdRange): void {
  const all = `/proc/self/fd/${openControl()}`;
  for (const connection of readdirSync(all)) {
    const stat = statSync(`${all}/${connection}`, { throwIfNoEntry: false });
    if (stat !== undefined && stat.uid >= base && stat.uid < base + count) abort(connection);
  }
}

function abort(connection: string): void {
  try {
    const file = openAt(openControl(), `${connection}/abort`, constants.O_WRONLY, resolving.noLinks);
    try {
      writeSync(file, "1");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (!hasErrno(error, ["ENOENT"])) throw error;
  }
}
