import { closeSync, constants, lstatSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { inDirectory } from "./beneath.ts";
import { rootFiles } from "./root-files.ts";

/**
 * Writes the name that the engine gives a machine into its root's /etc/hostname (hostname(5)) before its
 * first start, which shows in that the overlay's upper directory has none yet; later it is the machine's own.
 * Nothing may run in the root meanwhile. What is no plain file in a real /etc stays as it is.
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
