import { closeSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { call, libc } from "#host/syscall/libc.ts";

const unixDomain = 1;
/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, socket(2). */
const streamSocket = 1 | 0x800 | 0x80000;
/** SOL_SOCKET and SO_PEERCRED, socket(7). */
const peerCredentials = [1, 17] as const;
/** Of struct sockaddr_un with its two bytes of a family (unix(7)). */
const longestAddress = 110;

/**
 * The process that listens at a Unix socket, the one that called listen(2), as the kernel reports it to
 * clients (SO_PEERCRED, unix(7)). Undefined if none listens, its backlog is full, or it is outside our PID
 * namespace. Does not wait.
 */
export function readListener(path: string): number | undefined {
  const address = Buffer.from(`\x01\0${path}\0`);
  if (address.length > longestAddress) return undefined;
  const socket = call("socket", () => libc.socket(unixDomain, streamSocket, 0));
  try {
    call("connect", (given) => libc.connect(socket, given.bytes(address), address.length));
    const [pid = 0] = readCredentials(socket);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if (
      hasErrno(error, [
        "ENOENT",
        "ENOTDIR",
        "EACCES",
        "EPERM",
        "ECONNREFUSED",
        "EPROTOTYPE",
        "EAGAIN",
        "ELOOP",
      ])
    )
      return undefined;
    throw error;
  } finally {
    closeSync(socket);
  }
}

/** struct ucred: process, user and group. */
function readCredentials(socket: number): Int32Array {
  const credentials = new Int32Array(3);
  const length = new Int32Array([credentials.byteLength]);
  call("getsockopt", (given) =>
    libc.getsockopt(socket, ...peerCredentials, given.bytes(credentials), given.bytes(length)),
  );
  return credentials;
}
