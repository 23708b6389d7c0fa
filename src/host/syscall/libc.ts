import { dlopen, ptr, read } from "bun:ffi";

/**
 * The C library's calls that node:fs does not have, for syscalls.ts and its neighbours. `syscall` is for
 * those that it has no names for in every version; their numbers are the same on every architecture since
 * Linux 5.1, but for older ones.
 */
export const { symbols: libc } = dlopen("libc.so.6", {
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  fchdir: { args: ["i32"], returns: "i32" },
  openat: { args: ["i32", "ptr", "i32"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  dup2: { args: ["i32", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  inotify_init1: { args: ["i32"], returns: "i32" },
  inotify_add_watch: { args: ["i32", "ptr", "u32"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
  __errno_location: { args: [], returns: "ptr" },
});

export const callNumbers = {
  getdents64: process.arch === "arm64" ? 61 : 217,
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  openat2: 437,
  mountSetattr: 442,
} as const;
export const atEmptyPath = 0x1000;
export const atWorkingDirectory = -100;

/**
 * What the kernel reads during the next call: a number alone would not keep the garbage collector from it.
 */
const held: NodeJS.TypedArray[] = [];

/** The address of bytes, which stay until the next `check`. */
export function hold(bytes: NodeJS.TypedArray) {
  held.push(bytes);
  return ptr(bytes);
}

/** The address of a C string; nothing that a path may hold is lost. */
export function text(value: string) {
  return hold(Buffer.from(`${value}\0`));
}

/**
 * A call's result; throws an error with the `code` of node's own (`EINVAL`) and the name of the call when it
 * failed.
 */
export function check(call: string, result: number | bigint): number {
  held.length = 0;
  if (result >= 0) return Number(result);
  const location = libc.__errno_location();
  const number = location === null ? 0 : read.i32(location);
  const code = errors[number] ?? `errno ${number}`;
  throw Object.assign(new Error(`${call}: ${code}`), { code, syscall: call });
}

/** errno(3), of those that these calls answer with. */
const errors: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  3: "ESRCH",
  5: "EIO",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  16: "EBUSY",
  18: "EXDEV",
  19: "ENODEV",
  20: "ENOTDIR",
  22: "EINVAL",
  24: "EMFILE",
  28: "ENOSPC",
  30: "EROFS",
  36: "ENAMETOOLONG",
  37: "ENOLCK",
  38: "ENOSYS",
  40: "ELOOP",
  75: "EOVERFLOW",
  91: "EPROTOTYPE",
  95: "EOPNOTSUPP",
  103: "ECONNABORTED",
  107: "ENOTCONN",
  111: "ECONNREFUSED",
};
