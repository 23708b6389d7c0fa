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
 * Ends a FUSE connection at once, wherever it is still mounted: whoever waits for an answer is told that
 * there will be none, also where whoever has it to give cannot be ended. `device` is the file system's, as
 * mountinfo has it. Waits for nobody. Nothing where the connection has gone. Source: the kernel's
 * filesystems/fuse.rst, "Aborting a filesystem connection".
 */
export function abortConnection(device: string): void {
  abort(device.split(":")[1] ?? "");
}

/**
 * Ends all FUSE connections of a machine's users: what waits for an answer that a process of the same machine
 * owes, and that of no SIGKILL ends, ends so. A connection belongs to the user that it was made for
 * (user_id), whatever is left of where it was mounted.
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
