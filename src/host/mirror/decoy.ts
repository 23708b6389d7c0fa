import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { detachMount, mount, mountFlags } from "#host/syscall/syscalls.ts";
import { mirrorDirectory } from "#oci/machine-state.ts";
import { mountFuse } from "./mounts.ts";
import { decoySource } from "./place.ts";

/*
 * What an engine that was restarted finds in place of a mirror. dockerd counts a place as mounted if its file
 * system is an overlay (statfs(2), OVERLAYFS_SUPER_MAGIC; overlay2 in moby), and looks at what is there only
 * then: otherwise it mounts its own overlay over it for each look. A decoy is an empty read-only overlay over
 * an empty FUSE file system. overlayfs passes statfs(2) on to that, whose server takes the decoy away before
 * it answers: the engine has seen an overlay, and finds the mirror.
 */

/** An overlay without an upper layer needs two lower ones. */
const emptyDirectory = join(mirrorDirectory, "empty");

/**
 * Mounts a decoy over a place, which an open /dev/fuse is to answer for meanwhile. Waits for whoever reads
 * what is there (mount(2) takes the lock of that directory), so the server of the place must not call it.
 */
export function mountDecoy(device: number, place: string): void {
  mkdirSync(emptyDirectory, { recursive: true, mode: 0o700 });
  mountFuse(device, place, decoySource);
  try {
    // No path of the engine's comes among options, whose commas and colons mean something.
    process.chdir(place);
    const flags = mountFlags.readOnly | mountFlags.noSuid | mountFlags.noDev;
    mount(decoySource, place, "overlay", flags, `lowerdir=.:${emptyDirectory}`);
  } catch (error) {
    detachMount(place);
    throw error;
  } finally {
    process.chdir("/");
  }
}
