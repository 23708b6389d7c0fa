import { closeSync, constants, lstatSync, openSync, statSync, utimesSync, writeSync } from "node:fs";
import { join } from "node:path";
import { inDirectory } from "./beneath.ts";
import { rootFiles } from "./root-files.ts";

/**
 * Writes the name that the engine gives a machine into its root's /etc/hostname (hostname(5)) before its first start, which
 * shows in that the overlay's upper directory has none yet; later it is the machine's own. Nothing may run in the root meanwhile.
 * What is no plain file in a real /etc stays as it is.
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

/**
 * Copies directories of an overlay up (overlayfs.rst), without their content: what the engine brings into them later is then
 * seen through another overlay of the same layers too, even while a process there holds the directory. What is no real
 * directory, or to be reached by a link, stays as it is.
 */
export function copyUp(root: string, directories: readonly string[]): void {
  for (const directory of directories) {
    inDirectory(root, below(directory), (place) => {
      const { atime, mtime } = statSync(place);
      // Any change does it, one to the same times too.
      utimesSync(place, atime, mtime);
    });
  }
}

/** A path of the root as one below it. */
const below = (path: string) => path.replace(/^\/+/, "") || ".";

const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
