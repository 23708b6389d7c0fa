import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "../errors.ts";
import { type HolderState, isSame, judgeLease, type LeaseHolder, parseHolder } from "../plan/loader/lease.ts";
import { hasErrno } from "./errno.ts";
import { tryLockFile } from "./syscalls.ts";

export interface LeaseOptions {
  /** The folder, by a path whose last name is the one that all who use it agree on. */
  readonly folder: string;
  /** What people call it. */
  readonly shown: string;
  readonly holder: LeaseHolder;
  /** Of another holder of the same engine. */
  readonly stateOf: (holder: LeaseHolder) => Promise<HolderState>;
  /** Told once of whoever is waited for. */
  readonly onWaiting: (holder: LeaseHolder) => void;
  readonly signal: AbortSignal;
}

export interface Lease {
  /** Whether it is still where it was, and ours. */
  isHeld(): boolean;
  /** Removes it; what another has taken meanwhile stays. */
  release(): void;
}

const pauseMs = 250;

/** Where a folder's lease is: beside it, never in it. */
export function leasePath(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.berth-lease`);
}

/**
 * Takes the lease of a folder: a file beside it, locked by flock(2) as long as its holder lives, on whatever node of those
 * that share the file system. Waits while a holder that is gone is tidied up after. Throws `conflict` when its holder lives,
 * `disk-full`, and `host-unfit` where the file system has no locks or is read-only, or something else has the lease's name.
 */
export async function takeLease({ folder, shown, holder: own, stateOf, onWaiting, signal }: LeaseOptions): Promise<Lease> {
  const path = leasePath(folder);
  let told = false;
  let seen: { readonly text: string; readonly freeSince: number } | undefined;
  for (;;) {
    signal.throwIfAborted();
    const file = openLease(path);
    try {
      const locked = lockLease(file, path);
      const text = readHolder(file);
      if (!locked) seen = undefined;
      else if (seen?.text !== text) seen = { text, freeSince: performance.now() };
      const holder = parseHolder(text);
      const state = holder !== undefined && holder.engine === own.engine && !isSame(holder, own) ? await stateOf(holder) : undefined;
      const freeFor = seen === undefined ? 0 : performance.now() - seen.freeSince;
      const verdict = judgeLease({ locked, holder, own, state, freeFor });
      if (verdict === "refuse" && holder !== undefined) throw inUse(shown, holder);
      // Whoever had it may have removed it between our opening and locking: then it is a file without a name.
      if (verdict === "take" && isAt(file, path)) {
        writeHolder(file, path, own);
        return heldLease(file, path);
      }
      if (!told && holder !== undefined && !isSame(holder, own)) {
        told = true;
        onWaiting(holder);
      }
    } catch (error) {
      closeSync(file);
      throw error;
    }
    closeSync(file);
    await sleep(pauseMs, undefined, { signal });
  }
}

function heldLease(file: number, path: string): Lease {
  return {
    isHeld: () => isAt(file, path),
    release() {
      try {
        if (isAt(file, path)) unlinkSync(path);
      } finally {
        closeSync(file);
      }
    },
  };
}

/** Nobody waits for a FIFO, and what a link leads to is not written: whoever may write beside the folder can put either there. */
function openLease(path: string): number {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file: number;
  try {
    file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (cause) {
    throw hasErrno(cause, ["ELOOP", "EISDIR", "ENXIO"]) ? noFile(path, cause) : explain(cause, path);
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw noFile(path);
}

function noFile(path: string, cause?: unknown): BerthError {
  return new BerthError("host-unfit", `the lease ${path} is no plain file`, {
    cause,
    hint: "remove it: berth keeps there who has the folder beside it",
  });
}

/** More than any holder's names take. */
const longestHolder = 4096;

function readHolder(file: number): string {
  const buffer = Buffer.alloc(longestHolder);
  return buffer.toString("utf8", 0, readSync(file, buffer, 0, longestHolder, 0));
}

function lockLease(file: number, path: string): boolean {
  try {
    return tryLockFile(file);
  } catch (cause) {
    throw explain(cause, path);
  }
}

function writeHolder(file: number, path: string, holder: LeaseHolder): void {
  try {
    ftruncateSync(file);
    writeSync(file, `${JSON.stringify(holder)}\n`);
  } catch (cause) {
    throw explain(cause, path);
  }
}

function isAt(file: number, path: string): boolean {
  const named = lstatSync(path, { throwIfNoEntry: false });
  const open = fstatSync(file);
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
}

function inUse(folder: string, { machine, node }: LeaseHolder): BerthError {
  return new BerthError("conflict", `${folder} is in use by ${machine} on ${node}`, {
    hint: "one folder is one machine's: stop that one first, or give this one a folder of its own",
    details: { machine, node },
  });
}

function explain(cause: unknown, path: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new BerthError("disk-full", `there is no room for the lease ${path}`, { cause, hint: "free some space on that file system" });
  }
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") {
    return new BerthError("host-unfit", `the lease ${path} cannot be written (${code})`, {
      cause,
      hint: "the directory that holds the machine's folder must be writable: berth keeps there who has the folder",
    });
  }
  if (code === "ENOLCK" || code === "EOPNOTSUPP" || code === "ENOSYS") {
    return new BerthError("host-unfit", `the file system of ${path} has no locks (${code})`, {
      cause,
      hint: "keep the folder on a file system with flock(2), such as ext4, xfs, btrfs or NFS with locks",
    });
  }
  return cause;
}
