import { closeSync } from "node:fs";
import { libc } from "#host/syscall/libc.ts";

/**
 * inotify(7): IN_UNMOUNT, and IN_DELETE_SELF, since something must be asked for that never happens to a
 * mount's root.
 */
const ofItsEnd = 0x2000 | 0x400;
const [nonBlocking, closeOnExec] = [0x800, 0x80000];
const [pollIn, atOnce] = [1, 0];

/**
 * Says when a file system has ended, which is some time after it was mounted anywhere: overlayfs writes out
 * its upper directory first. Until then its layers are in use (overlayfs.rst, "upperdir is in-use").
 */
export class EndOfFileSystem {
  readonly file: number;

  private constructor(file: number) {
    this.file = file;
  }

  /**
   * Watches by an open directory, which may be closed then; undefined where the host has no inotify instance
   * left.
   */
  static of(directory: number): EndOfFileSystem | undefined {
    const file = libc.inotify_init1(nonBlocking | closeOnExec);
    if (file < 0) return undefined;
    if (libc.inotify_add_watch(file, Buffer.from(`/proc/self/fd/${directory}\0`), ofItsEnd) >= 0)
      return new EndOfFileSystem(file);
    closeSync(file);
    return undefined;
  }

  /** Whether it has ended; does not wait. */
  hasEnded(): boolean {
    return this.ends(atOnce);
  }

  /** Whether it ends within this many milliseconds. */
  ends(within: number): boolean {
    return libc.poll(new Int32Array([this.file, pollIn]), 1, within) > 0;
  }

  close(): void {
    closeSync(this.file);
  }
}
