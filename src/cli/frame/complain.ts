import { writeSync } from "node:fs";

/**
 * Writes to standard error at once, for callers without an Io.
 */
export function complain(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Ignore a failed write: the exit status still reports the failure.
  }
}
