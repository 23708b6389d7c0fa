/**
 * Whether an error is a system call's, with one of these codes (errno(3)), such as `ENOENT`. Use it to tell
 * expected failures from faults.
 */
export function hasErrno(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}
