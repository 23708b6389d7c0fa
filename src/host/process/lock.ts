import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, fchmodSync, openSync } from "node:fs";
import { BerthError } from "#errors.ts";

/** Milliseconds after which it is said that another is waited for. */
const patience = 2000;

/**
 * Does the work while no other process (or caller in this one) holds the lock on that file; waits for its
 * turn, and tells `onWaiting` when that takes longer than a moment. The file is made, and made this user's
 * alone: whoever can open it can hold it. The lock is flock(2)'s, held by a flock(1) that ends when its
 * standard input does: when this process ends, however it ends, the kernel frees the lock. The file stays:
 * removing it would let two hold "the" lock. Throws `interrupted` when the signal fires while waiting.
 */
export async function withLock<T>(
  file: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  onWaiting: () => void = () => {},
): Promise<T> {
  makeFile(file);
  const waiting = setTimeout(onWaiting, patience);
  const release = await takeLock(file, signal).finally(() => clearTimeout(waiting));
  try {
    return await work();
  } finally {
    await release();
  }
}

function makeFile(file: string): void {
  try {
    const made = openSync(
      file,
      constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o600,
    );
    try {
      fchmodSync(made, 0o600);
    } finally {
      closeSync(made);
    }
  } catch (cause) {
    throw new BerthError("tool-failed", `${file} cannot be locked: ${(cause as Error).message}`, { cause });
  }
}

async function takeLock(file: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  if (signal?.aborted) throw interrupted(signal);
  // A session of its own, so that a ^C at the terminal reaches it through us alone, after our own work is
  // tidied up.
  const holder = spawn(
    "flock",
    ["--exclusive", "--no-fork", file, "sh", "-c", "echo held; exec cat >/dev/null"],
    {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    },
  );
  const closed = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  const stop = () => void holder.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  let stderr = "";
  holder.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  try {
    const failed = once(holder, "error").then(([cause]) => Promise.reject(cause));
    const ended = closed.then(() => Promise.reject(new Error(stderr.trim() || "flock ended")));
    await Promise.race([once(holder.stdout, "data"), failed, ended]);
  } catch (cause) {
    stop();
    if (signal?.aborted) throw interrupted(signal);
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new BerthError("tool-missing", "flock is not installed", {
        cause,
        hint: "Run `apt-get install util-linux`.",
      });
    }
    throw new BerthError("tool-failed", `${file} cannot be locked: ${(cause as Error).message}`, { cause });
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  return async () => {
    holder.stdin.end();
    await closed;
  };
}

const interrupted = (signal: AbortSignal) =>
  new BerthError("interrupted", "interrupted while waiting for another berth", { cause: signal.reason });
