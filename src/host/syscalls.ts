import { dlopen, ptr, read } from "bun:ffi";
import { closeSync, constants, openSync, statfsSync } from "node:fs";

/**
 * The system calls that berth needs and node:fs does not have. Each throws an error with the `code` of node's own
 * (`EINVAL`) and the name of the call. Source: the calls' man pages; the numbers of the last three are the same everywhere.
 */
const { symbols: libc } = dlopen("libc.so.6", {
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
  __errno_location: { args: [], returns: "ptr" },
});

const atEmptyPath = 0x1000;
const atRecursive = 0x8000;
const atWorkingDirectory = -100;

/** A C string; nothing that a path may hold is lost. */
const text = (value: string) => ptr(Buffer.from(`${value}\0`));

function check(call: string, result: number | bigint): number {
  if (result >= 0) return Number(result);
  const location = libc.__errno_location();
  const number = location === null ? 0 : read.i32(location);
  const code = errors[number] ?? `errno ${number}`;
  throw Object.assign(new Error(`${call}: ${code}`), { code, syscall: call });
}

/** errno(3), of those that mount calls answer with. */
const errors: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  3: "ESRCH",
  5: "EIO",
  9: "EBADF",
  12: "ENOMEM",
  13: "EACCES",
  16: "EBUSY",
  19: "ENODEV",
  20: "ENOTDIR",
  22: "EINVAL",
  24: "EMFILE",
  28: "ENOSPC",
  30: "EROFS",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  40: "ELOOP",
  75: "EOVERFLOW",
  95: "EOPNOTSUPP",
};

export const mountFlags = { readOnly: 1, noSuid: 2, noDev: 4, noExec: 8, private: 1 << 18 } as const;

/** mount(2) of a new file system; `data` is what mount(8) calls options. */
export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  check("mount", libc.mount(text(source), text(target), text(type), flags, text(data)));
}

/** Lets mounts below a mount point stay in this mount namespace (mount_namespaces(7)). */
export function makePrivate(target: string): void {
  check("mount", libc.mount(null, text(target), null, mountFlags.private, null));
}

/** umount2(2) with MNT_DETACH and UMOUNT_NOFOLLOW: the mount and all below it go from sight at once. */
export function detachMount(target: string): void {
  check("umount2", libc.umount2(text(target), 2 | 8));
}

/** open_tree(2) with OPEN_TREE_CLONE: a copy of the mount at a path that is nowhere attached yet. Returns a file descriptor. */
export function cloneMount(path: string, recursive: boolean): number {
  const flags = 1 | 0x80000 | (recursive ? atRecursive : 0);
  return check("open_tree", libc.syscall(428, atWorkingDirectory, text(path), flags, 0, 0));
}

/** mount_setattr(2) with MOUNT_ATTR_IDMAP on a cloned mount; the mapping is that of the user namespace. */
export function mapMount(clone: number, userNamespace: number, recursive: boolean): void {
  const attributes = new BigUint64Array([0x100000n, 0n, 0n, BigInt(userNamespace)]);
  const flags = atEmptyPath | (recursive ? atRecursive : 0);
  check("mount_setattr", libc.syscall(442, clone, text(""), flags, ptr(attributes), attributes.byteLength));
}

/**
 * mount_setattr(2): mounts and unmounts in what a recursive clone was made of may still come to the clone, but none goes from
 * it there (mount_namespaces(7), MS_SLAVE). Without that the clone's end unmounts the originals of all that is mounted in it.
 */
export function makeSlave(clone: number): void {
  const attributes = new BigUint64Array([0n, 0n, 1n << 19n, 0n]);
  check("mount_setattr", libc.syscall(442, clone, text(""), atEmptyPath | atRecursive, ptr(attributes), attributes.byteLength));
}

/** move_mount(2): attaches a cloned mount. */
export function attachMount(clone: number, target: string): void {
  const fromEmptyPath = 4;
  check("move_mount", libc.syscall(429, clone, text(""), atWorkingDirectory, text(target), fromEmptyPath));
}

/**
 * Drops what an overlay remembers of names that nothing uses: fspick(2) at its mount, then fsconfig(2) with
 * FSCONFIG_CMD_RECONFIGURE and no change, before which the kernel empties the file system's cache of names. Does nothing
 * where something else is: a machine may choose what its root is, and to other file systems (cgroup2) no options mean a change.
 */
export function forgetNames(path: string): void {
  const pathOnly = 0x200000;
  const place = openSync(path, pathOnly | constants.O_DIRECTORY);
  try {
    if (statfsSync(`/proc/self/fd/${place}`).type !== overlayMagic) return;
    const context = pickFileSystem(place);
    if (context === undefined) return;
    try {
      check("fsconfig", libc.syscall(431, context, 7, 0, 0, 0));
    } finally {
      closeSync(context);
    }
  } finally {
    closeSync(place);
  }
}

/** statfs(2). */
const overlayMagic = 0x794c7630;

/** fspick(2) of an open directory, with FSPICK_CLOEXEC and FSPICK_EMPTY_PATH; undefined where it is not where something is mounted. */
function pickFileSystem(place: number): number | undefined {
  try {
    return check("fspick", libc.syscall(433, place, text(""), 1 | 8, 0, 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EINVAL") return undefined;
    throw error;
  }
}

/** flock(2), exclusive; waits. The lock goes with the file descriptor. */
export function lockFile(file: number): void {
  check("flock", libc.flock(file, 2));
}
