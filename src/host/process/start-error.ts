import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { installHint } from "#linux/package.ts";
import { readPackageManager } from "./package-manager.ts";

/** Whether a program failed to start because it does not exist (execve(2)), as node and Bun report it. */
export const isNotInstalled = (error: unknown): boolean => hasErrno(error, ["ENOENT"]);

/**
 * The error for a program that could not be started: `tool-missing` with the package to install, else
 * `tool-failed`.
 */
export function startError(program: string, cause: unknown): BerthError {
  if (isNotInstalled(cause)) return toolMissing(program, cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BerthError("tool-failed", `cannot start ${program}: ${why}`, {
    cause,
    details: { command: program },
  });
}

/** `tool-missing` for a program that berth starts, with the package to install. */
export function toolMissing(program: string, cause?: unknown): BerthError {
  const hint = installHint(program, readPackageManager());
  return new BerthError("tool-missing", `${program} is not installed`, {
    cause,
    details: { command: program },
    ...(hint === undefined ? {} : { hint }),
  });
}
