import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { readOnlyContext } from "#contract/security-labels.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** The kernel's files by which SELinux checks a context, and labels this thread's new files. */
const ownInterface = { check: "/sys/fs/selinux/context", create: "/proc/thread-self/attr/fscreate" };
type Interface = typeof ownInterface;

/** By the policy, or by another security module. */
const refused = ["EACCES", "EPERM"];

/**
 * Whether the policy knows a context; it does not where SELinux is off, or its file system is read-only, as
 * for containers (security_check_context(3)). Undefined where the policy lets this process not ask.
 */
export function isKnownContext(context: string, { check } = ownInterface): boolean | undefined {
  try {
    const file = openSync(check, "r+");
    try {
      writeSync(file, `${context}\0`);
      return true;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "EROFS", "EINVAL"])) return false;
    if (hasErrno(error, refused)) return undefined;
    throw error;
  }
}

/**
 * Runs work whose new files every container may read, by the thread's own attribute (setfscreatecon(3)): use
 * node's synchronous calls in it. Only runs the work where the policy does not know of containers, or lets
 * this process not label files.
 */
export function withReadableFiles<T>(work: () => T, files = ownInterface): T {
  const isLabelling = beginLabelling(files) === true;
  try {
    return work();
  } finally {
    if (isLabelling) endLabelling(files);
  }
}

/** Whether the policy knows of containers, but lets this process not label files for them. */
export function isLabellingRefused(files = ownInterface): boolean {
  const isLabelling = beginLabelling(files);
  if (isLabelling === true) endLabelling(files);
  return isLabelling === undefined;
}

/** False where there is nothing to label for; undefined where that is refused. */
function beginLabelling(files: Interface): boolean | undefined {
  const isKnown = isKnownContext(readOnlyContext, files);
  if (isKnown !== true) return isKnown;
  try {
    writeFileSync(files.create, readOnlyContext);
    return true;
  } catch (error) {
    if (hasErrno(error, refused)) return undefined;
    throw error;
  }
}

/** A line end alone clears it. */
function endLabelling({ create }: Interface): void {
  writeFileSync(create, "\n");
}
