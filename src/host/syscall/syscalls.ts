import { closeSync, constants, openSync, statfsSync } from "node:fs";
import { hasErrno } from "./errno.ts";
import { atEmptyPath, atWorkingDirectory, call, callNumbers, libc } from "./libc.ts";
import { pathOnly } from "./path-only.ts";

/*
 * The system calls that berth needs and node:fs does not have. Each throws an error with the `code` of
 * node's own and the name of the call. Source: the calls' man pages.
 */

const atRecursive = 0x8000;

export const mountFlags = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  private: 1 << 18,
  bind: 1 << 12,
} as const;

/** mount(2) of a new file system; `data` is what mount(8) calls options. */
export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  call("mount", (given) =>
    libc.mount(given.text(source), given.text(target), given.text(type), flags, given.text(data)),
  );
}

/** Lets mounts below a mount point stay in this mount namespace (mount_namespaces(7)). */
export function makePrivate(target: string): void {
  call("mount", (given) => libc.mount(null, given.text(target), null, mountFlags.private, null));
}

/** umount2(2) with MNT_DETACH and UMOUNT_NOFOLLOW: the mount and all below it go from sight at once. */
export function detachMount(target: string): void {
  call("umount2", (given) => libc.umount2(given.text(target), 2 | 8));
}

/**
 * open_tree(2) with OPEN_TREE_CLONE: a copy of the mount at a path that is nowhere attached yet. Returns a
 * file descriptor.
 */
export function cloneMount(path: string, recursive: boolean): number {
  const flags = 1 | 0x80000 | (recursive ? atRecursive : 0);
  return call("open_tree", (given) =>
    libc.syscall(callNumbers.openTree, atWorkingDirectory, given.text(path), flags, 0, 0),
  );
}

/**
 * mount_setattr(2) of a cloned mount: what its struct mount_attr is to set, besides flags a propagation or a
 * user namespace.
 */
function setAttributes(
  clone: number,
  recursive: boolean,
  set: number,
  { propagation = 0, userNamespace = 0 } = {},
): void {
  const attributes = new BigUint64Array([BigInt(set), 0n, BigInt(propagation), BigInt(userNamespace)]);
  const flags = atEmptyPath | (recursive ? atRecursive : 0);
  call("mount_setattr", (given) =>
    libc.syscall(
      callNumbers.mountSetattr,
      clone,
      given.text(""),
      flags,
      given.bytes(attributes),
      attributes.byteLength,
    ),
  );
}

/** Gives a cloned mount the id mapping of a user namespace (MOUNT_ATTR_IDMAP). */
export function mapMount(clone: number, userNamespace: number, recursive: boolean): void {
  setAttributes(clone, recursive, 0x100000, { userNamespace });
}

/**
 * Mounts and unmounts in what a recursive clone was made of may still come to the clone, but none goes from
 * it there (mount_namespaces(7), MS_SLAVE). Without that the clone's end unmounts the originals of all that
 * is mounted in it.
 */
export function makeSlave(clone: number): void {
  setAttributes(clone, true, 0, { propagation: 1 << 19 });
}

/** Sets flags on a cloned mount (example: MOUNT_ATTR_RDONLY); the first four equal mount(2)'s. */
export function restrictMount(clone: number, flags: number, recursive: boolean): void {
  setAttributes(clone, recursive, flags);
}

/** move_mount(2): attaches a cloned mount. */
export function attachMount(clone: number, target: string): void {
  const fromEmptyPath = 4;
  call("move_mount", (given) =>
    libc.syscall(
      callNumbers.moveMount,
      clone,
      given.text(""),
      atWorkingDirectory,
      given.text(target),
      fromEmptyPath,
    ),
  );
}

/** A file system that is mounted nowhere (fsopen(2), fsmount(2)): a descriptor of its root directory. */
export function openFileSystem(type: string): number {
  const [atExec, create, noSuidNoDevNoExec] = [1, 6, 2 | 4 | 8];
  const context = call("fsopen", (given) =>
    libc.syscall(callNumbers.fsopen, given.text(type), atExec, 0, 0, 0),
  );
  try {
    call("fsconfig", () => libc.syscall(callNumbers.fsconfig, context, create, 0, 0, 0));
    return call("fsmount", () => libc.syscall(callNumbers.fsmount, context, atExec, noSuidNoDevNoExec, 0, 0));
  } finally {
    closeSync(context);
  }
}

/**
 * Drops what an overlay remembers of names that nothing uses: fspick(2) at its mount, then fsconfig(2) with
 * FSCONFIG_CMD_RECONFIGURE and no change, before which the kernel empties the file system's cache of names.
 * Does nothing where something else is: a machine may choose what its root is, and to other file systems
 * (cgroup2) no options mean a change.
 */
export function forgetNames(path: string): void {
  const place = openSync(path, pathOnly | constants.O_DIRECTORY);
  try {
    if (statfsSync(`/proc/self/fd/${place}`).type !== overlayMagic) return;
    const context = pickFileSystem(place);
    if (context === undefined) return;
    try {
      call("fsconfig", () => libc.syscall(callNumbers.fsconfig, context, 7, 0, 0, 0));
    } finally {
      closeSync(context);
    }
  } finally {
    closeSync(place);
  }
}

/** statfs(2). */
const overlayMagic = 0x794c7630;

/**
 * fspick(2) of an open directory, with FSPICK_CLOEXEC and FSPICK_EMPTY_PATH; undefined where it is not where
 * something is mounted.
 */
function pickFileSystem(place: number): number | undefined {
  try {
    return call("fspick", (given) => libc.syscall(callNumbers.fspick, place, given.text(""), 1 | 8, 0, 0));
  } catch (error) {
    if (hasErrno(error, ["EINVAL"])) return undefined;
    throw error;
  }
}

/** How openat2(2) goes to a path: RESOLVE_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH, _IN_ROOT. */
export const resolving = { noMounts: 1n, noMagic: 2n, noLinks: 4n, beneath: 8n, inRoot: 16n } as const;

/**
 * As the kernel's own words for it go, a path with `..` is to be asked for again when something was renamed
 * meanwhile.
 */
const mostRenames = 128;

/** openat2(2) with O_CLOEXEC: a file descriptor of what is at a path below an open directory. */
export function openAt(directory: number, path: string, flags: number, resolve: bigint): number {
  for (let renames = 0; ; renames += 1) {
    try {
      const how = new BigUint64Array([BigInt(flags | closeOnExec), 0n, resolve]);
      return call("openat2", (given) =>
        libc.syscall(callNumbers.openat2, directory, given.text(path), given.bytes(how), how.byteLength, 0),
      );
    } catch (error) {
      if (renames === mostRenames || !hasErrno(error, ["EAGAIN"])) throw error;
    }
  }
}

const closeOnExec = 0x80000;

/** flock(2), exclusive; waits. The lock goes with the file descriptor. */
export function lockFile(file: number): void {
  call("flock", () => libc.flock(file, 2));
}

/**
 * The same without waiting: false while another process has it. Throws, for example, `ENOLCK` on a file
 * system without locks.
 */
export function tryLockFile(file: number): boolean {
  try {
    call("flock", () => libc.flock(file, 2 | 4));
    return true;
  } catch (error) {
    if (hasErrno(error, ["EAGAIN"])) return false;
    throw error;
  }
}
