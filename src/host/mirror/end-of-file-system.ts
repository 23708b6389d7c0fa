import { answered, calls, EAGAIN } from "./calls.ts";
import { pathOf } from "./tree.ts";

/** inotify(7): IN_UNMOUNT, and IN_DELETE_SELF, since something must be asked for that never happens to a mount's root. */
const ofItsEnd = 0x2000 | 0x400;
const [nonBlocking, closeOnExec] = [0x800, 0x80000];
const events = Buffer.alloc(4096);

/**
 * Says when a file system has ended, which is some time after it was mounted anywhere: overlayfs writes out its upper directory
 * first. Until then its layers are in use (overlayfs.rst, "upperdir is in-use").
 */
export class EndOfFileSystem {
  readonly file: number;

  private constructor(file: number) {
    this.file = file;
  }

  /** Watches by an open directory, which may be closed then; undefined where the host has no inotify instance left. */
  static of(directory: number): EndOfFileSystem | undefined {
    const file = answered(calls.inotify_init1(nonBlocking | closeOnExec));
    if (file < 0) return undefined;
    if (answered(calls.inotify_add_watch(file, pathOf(directory), ofItsEnd)) >= 0) return new EndOfFileSystem(file);
    calls.close(file);
    return undefined;
  }

  /** Whether it has ended; does not wait. */
  hasEnded(): boolean {
    return answered(calls.read(this.file, events, events.length)) !== -EAGAIN;
  }

  /** Whether it ends within so many milliseconds. */
  ends(within: number): boolean {
    return answered(calls.poll(new Int32Array([this.file, 1]), 1, within)) > 0;
  }

  close(): void {
    calls.close(this.file);
  }
}
