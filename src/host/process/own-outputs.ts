import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { call, libc } from "#host/syscall/libc.ts";

const { O_NOCTTY, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * Reopens this process's standard input and outputs if they are pipes or terminals: Bun sets O_NONBLOCK on a
 * stream when any library looks at it, and the caller's open file is shared with other writers and outlives
 * us (open(2), fcntl(2)). Call it before anything looks. Keeps what cannot be reopened: a socket, another
 * user's terminal. See https://github.com/oven-sh/bun/issues/33827
 */
export function openOwnOutputs(): void {
  for (const [descriptor, access] of [
    [0, O_RDONLY],
    [1, O_WRONLY],
    [2, O_WRONLY],
  ] as const) {
    const own = openAnew(descriptor, access);
    if (own === undefined) continue;
    call("dup2", () => libc.dup2(own, descriptor));
    closeSync(own);
    // Make writes block; a library that wants otherwise sets the flag again, on our own open file.
    call("fcntl", () => libc.fcntl(descriptor, setFlags, access));
  }
}

/** fcntl(2), F_SETFL. */
const setFlags = 4;

function openAnew(descriptor: number, access: number): number | undefined {
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return undefined;
    // Without waiting for the other end of a pipe, which may have gone.
    return openSync(`/proc/self/fd/${descriptor}`, access | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    // It is closed, another user's, or its other end has gone.
    if (hasErrno(error, ["EBADF", "EACCES", "EPERM", "ENXIO", "EIO", "ENOENT"])) return undefined;
    throw error;
  }
}
