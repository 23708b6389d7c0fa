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
  /** The state of another holder on the same engine. */
  readonly stateOf: (holder: LeaseHolder) => Promise<HolderState>;
  /** Called once for the holder that it waits for. */
  readonly onWaiting: (holder: LeaseHolder) => void;
  readonly signal: AbortSignal;
}

export interface Lease {
  /** Whether it still has its name and is still held by this process. */
  isHeld(): boolean;
  /** Removes it; what another has taken meanwhile stays. */
  release(): void;
}

const pauseMs = 250;

/**
 * Takes a folder's lease: a file beside it, locked by flock(2) while its holder lives, on any node that
 * shares the file system. Waits while a dead holder's machine is being cleaned up. Throws `conflict` if the
 * holder is alive, `disk-full`, and `host-unfit` if the file system has no locks or is read-only, other users
 * may create files beside the folder, or another file has the lease's name.
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
      // Its previous holder may have removed it between our open and lock: then the file has no name.
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
