import { appendFileSync } from "node:fs";

/**
 * Appends to the file named by the runtime's --log, in the JSON form that containerd and CRI-O read back to
 * the user.
 */
export function logRuntime(file: string, level: "warning" | "error", message: string): void {
  if (file !== "")
    appendFileSync(file, `${JSON.stringify({ level, msg: message, time: new Date().toISOString() })}\n`);
}
