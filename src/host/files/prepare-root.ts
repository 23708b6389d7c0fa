import { closeSync, constants, lstatSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { inDirectory } from "./beneath.ts";
import { rootFiles } from "./root-files.ts";

/**
 * Writes the host name from the engine into /etc/hostname (hostname(5)) of a machine's root before its first
 * start, recognized by an upper directory without that file; later the file is the machine's own. Nothing may
 * run in the root meanwhile. Leaves it alone unless it is a regular file in a real /etc.
 */
export function writeFirstHostname(root: string, upper: string, hostname: string): void {
  const directory = rootFiles(root).resolve("/etc");
  if (directory === undefined || hostname === "" || isThere(join(upper, directory, "hostname"))) return;
  inDirectory(root, below(directory), (place) => {
    const file = join(place, "hostname");
    if (isThere(file) && !lstatSync(file).isFile()) return;
    const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
    const descriptor = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644);
    try {
      writeSync(descriptor, `${hostname}\n`);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** A path of the root as one below it. */
const below = (path: string) => path.replace(/^\/+/, "") || ".";

const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
