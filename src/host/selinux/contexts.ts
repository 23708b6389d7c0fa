import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { readOnlyContext } from "#contract/security-labels.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** Whether the policy knows a context; it does not where SELinux is off (security_check_context(3)). */
export function isKnownContext(context: string): boolean {
  let file: number;
  try {
    file = openSync("/sys/fs/selinux/context", "r+");
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "EACCES"])) return false;
    throw error;
  }
  try {
    writeSync(file, `${context}\0`);
    return true;
  } catch (error) {
    if (hasErrno(error, ["EINVAL"])) return false;
    throw error;
  } finally {
    closeSync(file);
  }
}

/**
 * Runs work whose new files every container may read, by the thread's own attribute (setfscreatecon(3)): use
 * node's synchronous calls in it. Only runs the work where the policy does not know of containers.
 */
export function withReadableFiles<T>(work: () => T): T {
  if (!isKnownContext(readOnlyContext)) return work();
  writeFileSync(createContext, readOnlyContext);
  try {
    return work();
  } finally {
    // A line end alone clears it.
    writeFileSync(createContext, "\n");
  }
}

const createContext = "/proc/thread-self/attr/fscreate";
