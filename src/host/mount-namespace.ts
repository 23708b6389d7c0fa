import { dlopen, ptr, read } from "bun:ffi";
import { closeSync, constants, openSync, readFileSync } from "node:fs";

/**
 * Work in the mount namespaces of machines, by system calls of this very process: nothing that is a machine's is ever run,
 * and no path of a machine is followed further than the machine itself. Sources: setns(2), openat2(2), move_mount(2),
 * mount_setattr(2); the numbers of those that libc has no names for are the same on every architecture.
 */
const { symbols: libc } = dlopen("libc.so.6", {
  unshare: { args: ["i32"], returns: "i32" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  fchdir: { args: ["i32"], returns: "i32" },
  openat: { args: ["i32", "ptr", "i32"], returns: "i32" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
  __errno_location: { args: [], returns: "ptr" },
});

const cloneNewNamespace = 0x20000;
const cloneDirectories = 0x200;
const closeOnExec = 0x80000;
const atWorkingDirectory = -100;
const emptyPath = 0x1000;
const noSymlinks = 0x4n;
const detachLazily = 2;
const fromAndToEmptyPath = 0x4 | 0x40;
const placeOnly = 0x200000;

const text = (value: string) => Buffer.from(`${value}\0`);

function check(call: string, result: number | bigint): number {
  if (result >= 0) return Number(result);
  const location = libc.__errno_location();
  const errno = location === null ? 0 : read.i32(location);
  throw Object.assign(new Error(`${call}: errno ${errno}`), { errno, syscall: call });
}

/** What the kernel reads during a call, which must not be collected before its end. */
let held: readonly (number | NodeJS.TypedArray)[] = [];

function call(name: string, number: number, ...given: readonly (number | NodeJS.TypedArray)[]): number {
  held = given;
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = held.map((word) => (typeof word === "number" ? word : ptr(word)));
  return check(name, libc.syscall(number, a, b, c, d, e));
}

/** A look into a mount namespace. All of it is only good within `inMountNamespace`. */
export interface MountNamespace {
  /** The namespace's mountinfo (proc_pid_mountinfo(5)). */
  mountinfo(): string;
  /** An open descriptor of what is at a path, the topmost mount there; no symbolic link is followed. To be closed. */
  openPlace(path: string): number;
  /** The mountinfo id of the mount that an open place is on. */
  mountIdOf(place: number): number;
  /** Whether what serves an open place has ended (a FUSE file system of a process that was killed). */
  isDead(place: number): boolean;
  /** Takes the mount away whose root the place is. False when the kernel keeps it since another user namespace made it. */
  detach(place: number): boolean;
  /** Attaches a cloned mount at an open place. */
  attach(clone: number, place: number): void;
}

/**
 * Runs `work` with this thread in the mount namespace that a descriptor of /proc/PID/ns/mnt names, and returns to the
 * process's own. `work` must be synchronous and load nothing: paths mean the machine's files meanwhile.
 */
export function inMountNamespace<T>(namespace: number, work: (inside: MountNamespace) => T): T {
  const own = openSync("/proc/thread-self/ns/mnt", "r");
  const procfs = openSync("/proc", constants.O_RDONLY | constants.O_DIRECTORY);
  const readProc = (path: string) => {
    const file = check("openat", libc.openat(procfs, text(path), closeOnExec));
    try {
      return readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  };
  try {
    enter(namespace);
    return work({
      mountinfo: () => readProc("thread-self/mountinfo"),
      openPlace: (path) => {
        const how = new BigUint64Array([BigInt(placeOnly | constants.O_NOFOLLOW | closeOnExec), 0n, noSymlinks]);
        return call("openat2", 437, atWorkingDirectory, text(path), how, how.byteLength);
      },
      mountIdOf: (place) => Number(/^mnt_id:\s*(\d+)$/m.exec(readProc(`thread-self/fdinfo/${place}`))?.[1]),
      isDead: (place) => {
        try {
          closeSync(check("openat", libc.openat(procfs, text(`thread-self/fd/${place}`), closeOnExec)));
          return false;
        } catch (error) {
          if (deadErrors.includes((error as NodeJS.ErrnoException).errno ?? 0)) return true;
          throw error;
        }
      },
      detach: (place) => {
        check("fchdir", libc.fchdir(procfs));
        try {
          check("umount2", libc.umount2(text(`thread-self/fd/${place}`), detachLazily));
          return true;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).errno === EINVAL) return false;
          throw error;
        }
      },
      attach: (clone, place) => void call("move_mount", 429, clone, text(""), place, text(""), fromAndToEmptyPath),
    });
  } finally {
    enter(own);
    closeSync(own);
    closeSync(procfs);
  }
}

const EINVAL = 22;
/** ENOTCONN and ECONNABORTED. */
const deadErrors: readonly number[] = [107, 103];

/**
 * A thread cannot enter while it shares its root and working directory with others, as each new thread does with its maker:
 * it parts from them first, and again should JavaScript's own engine have made one in between.
 */
function enter(namespace: number): void {
  for (let left = mostNewThreads; ; left -= 1) {
    check("unshare", libc.unshare(cloneDirectories));
    try {
      check("setns", libc.setns(namespace, cloneNewNamespace));
      return;
    } catch (error) {
      if (left === 0 || (error as NodeJS.ErrnoException).errno !== EINVAL) throw error;
    }
  }
}

/** More than the engine has in all. */
const mostNewThreads = 64;

/** Makes a cloned mount read-only, nosuid, nodev and noexec. */
export function restrictMount(clone: number): void {
  const attributes = new BigUint64Array([0xfn, 0n, 0n, 0n]);
  call("mount_setattr", 442, clone, text(""), emptyPath, attributes, attributes.byteLength);
}
