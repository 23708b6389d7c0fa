import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { errnoName } from "./errno-name.ts";

/**
 * Calls of the C library that node:fs lacks, for syscalls.ts and its neighbours. `syscall` is for calls
 * without a symbol in every version of the library; numbers of calls since Linux 5.1 are the same on all
 * architectures.
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

/** What a call is given as addresses; all of it stays where it is until the call has returned. */
export interface CallArguments {
  /** The address of bytes that the kernel reads or writes. */
  bytes(value: NodeJS.TypedArray): Pointer;
  /** The address of a C string; nothing that a path may hold is lost. */
  text(value: string): Pointer;
}

/**
 * Makes a call and returns its result. `make` gets an allocator for this call's arguments, which keeps them
 * alive: a numeric address does not protect its memory from the garbage collector. Throws an error with
 * node's `code` (`EINVAL`) and the call's name if it failed.
 */
export function call(name: string, make: (given: CallArguments) => number | bigint): number {
  const held: NodeJS.TypedArray[] = [];
  const bytes = (value: NodeJS.TypedArray) => {
    held.push(value);
    return ptr(value);
  };
  const result = make({ bytes, text: (value) => bytes(Buffer.from(`${value}\0`)) });
  const number = read.i32(errno);
  // Used after the call, so that none of it is collected before.
  held.length = 0;
  if (result >= 0) return Number(result);
  const code = errnoName(number);
  throw Object.assign(new Error(`${name}: ${code}`), { code, syscall: name });
}

/** The address of this thread's errno(3): looking it up after a call could change it. */
const errno = libc.__errno_location() as Pointer;
