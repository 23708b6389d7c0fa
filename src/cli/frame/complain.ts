import { writeSync } from "node:fs";

/**
 * Writes to standard error at once, for what is too short-lived to have an Io; where that cannot be, the exit
 * status has to do.
 */
export function complain(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody is left to tell.
  }
}
