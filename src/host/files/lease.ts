import { closeSync, fstatSync, fsyncSync, ftruncateSync, lstatSync, unlinkSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import { tryLockFile } from "#host/syscall/syscalls.ts";
import { type HolderState, isSame, judgeLease, type LeaseHolder, parseHolder } from "#plan/loader/lease.ts";
import { leaseError, leasePlace, openLease, type Place, readLease } from "./lease-place.ts";

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

/**
 * Takes the lease of a folder: a file beside it, locked by flock(2) as long as its holder lives, on whatever
 * node of those that share the file system. Waits while a holder that is gone is tidied up after. Throws
 * `conflict` when its holder lives, `disk-full`, and `host-unfit` where the file system has no locks or is
 * read-only, others may make files beside the folder, or something else has the lease's name.
 */
export async function takeLease({
  folder,
  shown,
  holder: own,
  stateOf,
  onWaiting,
  signal,
}: LeaseOptions): Promise<Lease> {
  const place = leasePlace(folder, shown);
  let told = false;
  let seen: { readonly text: string; readonly freeSince: number } | undefined;
  for (;;) {
    signal.throwIfAborted();
    const file = openLease(place);
    try {
      const locked = lockLease(file, place);
      const text = readLease(file, place);
      if (!locked) seen = undefined;
      else if (seen?.text !== text) seen = { text, freeSince: performance.now() };
      const holder = parseHolder(text);
      const state =
        holder !== undefined && holder.engine === own.engine && !isSame(holder, own)
          ? await stateOf(holder)
          : undefined;
      const freeFor = seen === undefined ? 0 : performance.now() - seen.freeSince;
      const verdict = judgeLease({ locked, holder, own, state, freeFor });
      if (verdict === "refuse" && holder !== undefined) throw inUse(shown, holder);
      // Whoever had it may have removed it between our opening and locking: then it is a file without a name.
      if (verdict === "take" && isFileAt(file, place.path)) {
        writeHolder(file, place, own);
        return heldLease(file, place.path);
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
    isHeld: () => isFileAt(file, path),
    release() {
      try {
        if (isFileAt(file, path)) unlinkSync(path);
      } finally {
        closeSync(file);
      }
    },
  };
}

function lockLease(file: number, place: Place): boolean {
  try {
    return tryLockFile(file);
  } catch (cause) {
    throw leaseError(cause, place);
  }
}

function writeHolder(file: number, place: Place, holder: LeaseHolder): void {
  try {
    ftruncateSync(file);
    writeSync(file, `${JSON.stringify(holder)}\n`);
    fsyncSync(file);
  } catch (cause) {
    throw leaseError(cause, place);
  }
}

function isFileAt(file: number, path: string): boolean {
  const named = lstatSync(path, { throwIfNoEntry: false });
  const open = fstatSync(file);
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
}

function inUse(folder: string, { machine, node }: LeaseHolder): BerthError {
  return new BerthError("conflict", `${folder} is in use by ${machine} on ${node}`, {
    hint: "stop that machine first, or give this one its own folder",
    details: { machine, node },
  });
}
