import { closeSync, constants, fchmodSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import { tryLockFile } from "#host/syscall/syscalls.ts";

/** Milliseconds until `onWaiting` is called. */
const waitingNotice = 2000;
/** In milliseconds. */
const pollInterval = 25;

/**
 * Runs the work while no other process, or caller in this one, holds the lock on that file. Waits for its
 * turn, and calls `onWaiting` when that takes longer than a moment. Creates the file with access for this
 * user alone: any user who can open it can lock it. The lock is flock(2)'s on this process's descriptor, so
 * the kernel frees it however the process ends. Keeps the file: removing it would let two processes hold
 * "the" lock. Throws `interrupted` if the signal fires while waiting, and `tool-failed` if the file cannot be
 * locked.
 */
export async function withLock<T>(
  file: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  onWaiting: () => void = () => {},
): Promise<T> {
  const lock = attempt(file, () => openOwn(file));
  try {
    const notice = setTimeout(onWaiting, waitingNotice);
    try {
      await takeLock(file, lock, signal);
    } finally {
      clearTimeout(notice);
    }
    return await work();
  } finally {
    closeSync(lock);
  }
}

/** Polls, since a flock(2) that waits would stop this process's other work. */
async function takeLock(file: string, lock: number, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    if (signal?.aborted) throw interrupted(signal.reason);
    if (attempt(file, () => tryLockFile(lock))) return;
    await sleep(pollInterval, undefined, { signal }).catch((cause) => Promise.reject(interrupted(cause)));
  }
}

/** The lock's file, closed when a program is started: none may hold the lock for longer than this process. */
function openOwn(file: string): number {
  const { O_CREAT, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
  const lock = openSync(file, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    fchmodSync(lock, 0o600);
    return lock;
  } catch (error) {
    closeSync(lock);
    throw error;
  }
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new BerthError("tool-failed", `cannot lock ${file}: ${(cause as Error).message}`, { cause });
  }
}

const interrupted = (cause: unknown) =>
  new BerthError("interrupted", "interrupted while waiting for another berth", { cause });
