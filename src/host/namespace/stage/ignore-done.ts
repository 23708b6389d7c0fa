import { hasErrno } from "#host/syscall/errno.ts";

/** Ignores these errnos: another start, or the machine's end, may have done the work first. */
export function ignoreDone(work: () => void, codes: readonly string[]): void {
  try {
    work();
  } catch (error) {
    if (!hasErrno(error, codes)) throw error;
  }
}
