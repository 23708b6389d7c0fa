import { mkdirSync, mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { detachMount, mount, mountFlags } from "#host/syscall/syscalls.ts";
import { mirrorDirectory } from "#oci/machine-state.ts";
import { type MountedMirror, mountMirror } from "./mounts.ts";
import { decoySource, typeAt } from "./place.ts";

/*
 * What an engine that was started anew finds in place of a mirror. dockerd counts a place as mounted if its
 * file system is an overlay (statfs(2), OVERLAYFS_SUPER_MAGIC; overlay2 in moby). Otherwise it mounts its own
 * overlay there for each look, over the mirror. A decoy is a read-only overlay whose lower layer is another
 * mirror of the same files. overlayfs passes statfs(2) on to that, which has the decoy taken away before it
 * answers: the engine has seen an overlay, and finds the mirror. What it reads without asking first (a
 * command's user, in /etc/passwd) it finds in the decoy as well.
 */

const prefix = "decoy-";
/** An overlay without an upper layer needs two lower ones. */
const emptyDirectory = join(mirrorDirectory, "empty");

/** Mounts the mirror that a decoy is to show, at a directory of its own. */
export function mountForDecoy(): { readonly directory: string; readonly mirror: MountedMirror } {
  const directory = mkdtempSync(join(mirrorDirectory, prefix));
  try {
    return { directory, mirror: mountMirror(directory) };
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
}

/** Takes that mirror away from its directory; the decoy keeps it. */
export function leaveDirectory(directory: string): void {
  if (typeAt(directory) !== undefined) detachMount(directory);
  rmdirSync(directory);
}

/** Removes such directories of an earlier server. */
export function clearDirectories(): void {
  for (const name of readdirSync(mirrorDirectory))
    if (name.startsWith(prefix)) leaveDirectory(join(mirrorDirectory, name));
}

/**
 * Mounts a decoy over a place. Waits for whoever reads what is there (mount(2) takes the lock of that
 * directory), so the server of mirrors must not call it.
 */
export function mountDecoy(place: string, directory: string): void {
  mkdirSync(emptyDirectory, { recursive: true, mode: 0o700 });
  const flags = mountFlags.readOnly | mountFlags.noSuid | mountFlags.noDev;
  mount(decoySource, place, "overlay", flags, `lowerdir=${directory}:${emptyDirectory},xino=off`);
}
