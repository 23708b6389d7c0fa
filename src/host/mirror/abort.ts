import { closeSync, constants, writeSync } from "node:fs";
import { hasErrno } from "../errno.ts";
import { openAt, openFileSystem, resolving } from "../syscalls.ts";

/** A fusectl that is mounted nowhere, once it was needed. */
let control: number | undefined;

/**
 * Ends a FUSE connection at once, wherever it is still mounted: whoever waits for an answer is told that there will be none, also where
 * whoever has it to give cannot be ended. `device` is the file system's, as mountinfo has it. Waits for nobody. Nothing where the
 * connection has gone. Source: the kernel's filesystems/fuse.rst, "Aborting a filesystem connection".
 */
export function abortConnection(device: string): void {
  control ??= openFileSystem("fusectl");
  try {
    const file = openAt(control, `${device.split(":")[1]}/abort`, constants.O_WRONLY, resolving.noLinks);
    try {
      writeSync(file, "1");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (!hasErrno(error, ["ENOENT"])) throw error;
  }
}
