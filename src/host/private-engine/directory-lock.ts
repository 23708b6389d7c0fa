import { spawn } from "node:child_process";
import { once } from "node:events";
import { BerthError } from "../../errors.ts";

/**
 * Runs an action while holding flock(2) on a directory, waiting up to two minutes for another holder.
 * The lock belongs to a child that ends when this process does, so a killed caller leaves no lock behind.
 */
export async function withDirectoryLock<T>(directory: string, action: () => Promise<T>): Promise<T> {
  const holder = spawn("flock", ["--exclusive", "--wait", "120", directory, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => {
    holder.once("close", () => resolve());
  });
  const locked = new Promise<boolean>((resolve, reject) => {
    holder.stdout.once("data", () => resolve(true));
    holder.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === "ENOENT"
          ? new BerthError("tool-missing", "flock is not installed", { cause, hint: "Install the package util-linux." })
          : new BerthError("tool-failed", "flock could not be started", { cause }),
      );
    });
    void once(holder, "exit").then(() => resolve(false), reject);
  });
  if (!(await locked)) {
    throw new BerthError("locked", `another berth is busy with ${directory}`, { hint: "Wait until it is done, then try again." });
  }
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
