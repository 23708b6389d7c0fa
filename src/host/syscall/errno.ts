/**
 * Whether an error is a system call's with one of these codes (errno(3), example: `ENOENT`). Use it to
 * distinguish expected failures from faults.
 */
export function hasErrno(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}
