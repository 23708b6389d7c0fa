import { closeSync, openSync, statSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { call, libc } from "#host/syscall/libc.ts";

const cloneNewNetwork = 0x40000000;

/**
 * Whether a path names a network namespace other than the host's: neither this process's nor, if readable,
 * that of process 1. False for a path that names nothing.
 */
export function isOthersNetwork(path: string): boolean {
  const there = identityOf(path);
  return (
    there !== undefined && ["/proc/self/ns/net", "/proc/1/ns/net"].every((own) => identityOf(own) !== there)
  );
}

/**
 * Equal for paths of the same namespace (namespaces(7)); undefined if it does not exist or is not readable
 * (ptrace(2)).
 */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "EACCES", "EPERM"])) return undefined;
    throw error;
  }
}

/**
 * Runs synchronous work with this thread in the network namespace that a path names (setns(2)), and returns
 * to its own.
 */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    enter(openSync(path, "r"));
    try {
      return work();
    } finally {
      call("setns", () => libc.setns(own, cloneNewNetwork));
    }
  } finally {
    closeSync(own);
  }
}

function enter(namespace: number): void {
  try {
    call("setns", () => libc.setns(namespace, cloneNewNetwork));
  } finally {
    closeSync(namespace);
  }
}
