import { randomBytes } from "node:crypto";

/**
 * A name beside a file for what is to take its place: nobody else's, and none that a crash has left, as a
 * process's number could be, of which each container has its own.
 */
export function draftName(path: string): string {
  return `${path}.berth-${randomBytes(6).toString("hex")}`;
}
