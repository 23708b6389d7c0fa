import { closeSync, constants, openSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { atWorkingDirectory, call, callNumbers, libc } from "#host/syscall/libc.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import { openAt, resolving } from "#host/syscall/syscalls.ts";
import { parseMountId, readLines } from "./mountinfo-of.ts";

/*
 * Work in the mount namespaces of machines, by system calls of this very process: nothing that is a
 * machine's is ever run, and no path of a machine is followed further than the machine itself. Sources:
 * setns(2), openat2(2), move_mount(2).
 */

const cloneNewNamespace = 0x20000;
const cloneDirectories = 0x200;
const closeOnExec = 0x80000;
const detachLazily = 2;
const fromAndToEmptyPath = 0x4 | 0x40;

/** Access to a mount namespace, valid only within `inMountNamespace`. */
export interface MountNamespace {
  /** The namespace's mountinfo (proc_pid_mountinfo(5)), as far as one looks at a machine's. */
  mountinfo(): string;
  /** Opens the topmost mount at a path; follows no symbolic link. The caller closes it. */
  openPlace(path: string): number;
  /** The mountinfo id of the mount that an open place is on. */
  mountIdOf(place: number): number;
  /**
   * Takes the mount away whose root the place is. False when the kernel keeps it since another user namespace
   * made it.
   */
  detach(place: number): boolean;
  /** Attaches a cloned mount at an open place. */
  attach(clone: number, place: number): void;
}

/**
 * Runs `work` with this thread in the mount namespace of a descriptor of /proc/PID/ns/mnt, and returns to its
 * own. `work` must be synchronous and load nothing, since paths mean the machine's files meanwhile.
 */
export function inMountNamespace<T>(namespace: number, work: (inside: MountNamespace) => T): T {
  const own = openSync("/proc/thread-self/ns/mnt", "r");
  const procfs = openSync("/proc", constants.O_RDONLY | constants.O_DIRECTORY);
  const readProc = (path: string) => {
    const file = call("openat", (given) => libc.openat(procfs, given.text(path), closeOnExec));
    try {
      return readLines(file);
    } finally {
      closeSync(file);
    }
  };
  try {
    enter(namespace);
    return work({
      mountinfo: () => readProc("thread-self/mountinfo"),
      openPlace: (path) =>
        openAt(atWorkingDirectory, path, pathOnly | constants.O_NOFOLLOW, resolving.noLinks),
      mountIdOf: (place) => parseMountId(readProc(`thread-self/fdinfo/${place}`)),
      detach: (place) => {
        call("fchdir", () => libc.fchdir(procfs));
        try {
          call("umount2", (given) => libc.umount2(given.text(`thread-self/fd/${place}`), detachLazily));
          return true;
        } catch (error) {
          if (hasErrno(error, ["EINVAL"])) return false;
          throw error;
        }
      },
      attach: (clone, place) =>
        void call("move_mount", (given) =>
          libc.syscall(
            callNumbers.moveMount,
            clone,
            given.text(""),
            place,
            given.text(""),
            fromAndToEmptyPath,
          ),
        ),
    });
  } finally {
    goBack(own);
    closeSync(own);
    closeSync(procfs);
  }
}

function goBack(own: number): void {
  try {
    enter(own);
  } catch (cause) {
    throw new Stranded("a thread cannot leave another process's mount namespace", { cause });
  }
}

class Stranded extends Error {
  override readonly name = "Stranded";
}

/**
 * Whether an error means that this thread could not leave a mount namespace: do not continue, since its paths
 * may mean a machine's files.
 */
export const isStranded = (error: unknown): boolean => error instanceof Stranded;

/**
 * setns(2) fails with EINVAL while the thread shares its root and working directory (fs_struct), as each new
 * thread does with its maker. Unshare them first; retry if the JavaScript engine has started a thread in
 * between.
 */
function enter(namespace: number): void {
  for (let left = mostNewThreads; ; left -= 1) {
    call("unshare", () => libc.unshare(cloneDirectories));
    try {
      call("setns", () => libc.setns(namespace, cloneNewNamespace));
      return;
    } catch (error) {
      if (left === 0 || !hasErrno(error, ["EINVAL"])) throw error;
    }
  }
}

/** More than the engine has in all. */
const mostNewThreads = 64;
