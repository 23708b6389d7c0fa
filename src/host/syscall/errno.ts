/**
 * Whether a system call failed with one of these (errno(3)): how one tells what is gone, or another's work,
 * from a fault.
 */
export function hasErrno(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}
