import { hasErrno } from "#host/syscall/errno.ts";

/**
 * Another's start, or the end of the machine, may have been faster: then the call fails with one of these
 * codes.
 */
export function unlessDone(work: () => void, codes: readonly string[]): void {
  try {
    work();
  } catch (error) {
    if (!hasErrno(error, codes)) throw error;
  }
}
