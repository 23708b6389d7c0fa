import { randomBytes } from "node:crypto";

/**
 * A temporary name beside a file, for its replacement. Random, since a crash may have left one, and a pid
 * repeats across containers.
 */
export function draftName(path: string): string {
  return `${path}.berth-${randomBytes(6).toString("hex")}`;
}
