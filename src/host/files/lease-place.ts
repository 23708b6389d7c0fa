import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import { isLease } from "#plan/loader/lease.ts";
import { type PathStep, replaceFault } from "#plan/machine/path-access.ts";
import { stepOf } from "./path-steps.ts";

/** A lease's path, and its name for messages. */
export interface Place {
  readonly path: string;
  readonly shown: string;
}

/** Where a folder's lease is: beside it, never in it. */
export function leasePath(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.berth-lease`);
}

/**
 * The place of a folder's lease. Throws `host-unfit` where others than its directory's owner may make files.
 */
export function leasePlace(folder: string, shown: string): Place {
  checkParent(folder, shown);
  return { path: leasePath(folder), shown: leasePath(shown) };
}

/**
 * Any user who may create files beside a folder could take its lease before the machine, even in a sticky
 * directory. The directory's owner could exchange the folder itself and so controls the machine anyway.
 */
function checkParent(folder: string, shown: string): void {
  const step = parentStep(folder, shown);
  const fault = replaceFault([{ ...step, mode: step.mode & 0o777 }], new Set([0, step.uid]));
  if (fault === undefined) return;
  throw new BerthError("host-unfit", `other users can block ${shown} with a file beside it: ${fault}`, {
    hint: "keep the folder in a directory to which root alone may write",
  });
}

function parentStep(folder: string, shown: string): PathStep {
  const place = openSync(dirname(folder), pathOnly | constants.O_DIRECTORY);
  try {
    return stepOf(dirname(shown), place);
  } finally {
    closeSync(place);
  }
}

/**
 * Opens the lease. Does not wait for a FIFO, and writes neither through a link nor to a file that is not a
 * lease: the directory's owner may have placed any there.
 */
export function openLease(place: Place): number {
  const { path, shown } = place;
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file: number;
  try {
    file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (cause) {
    if (hasErrno(cause, ["ELOOP", "EISDIR", "ENXIO"]))
      throw foreign(`lease ${shown} is not a regular file`, cause);
    // A running program, or a file under a lease in the sense of fcntl(2).
    if (hasErrno(cause, ["ETXTBSY", "EAGAIN"])) throw foreign(`another program uses lease ${shown}`, cause);
    throw leaseError(cause, place);
  }
  const found = fstatSync(file);
  if (found.isFile() && found.uid === process.geteuid?.() && found.nlink <= 1) return file;
  closeSync(file);
  if (!found.isFile()) throw foreign(`lease ${shown} is not a regular file`);
  throw foreign(
    found.nlink > 1 ? `lease ${shown} is a hard link` : `lease ${shown} belongs to user ${found.uid}`,
  );
}

/** More than any holder's names take. */
const longestHolder = 4096;

/**
 * The lease's content. Throws `host-unfit` if it is not a lease: the directory's owner may have given the
 * name to any file on that file system, even to one of root's that a service or container uses.
 */
export function readLease(file: number, { shown }: Place): string {
  const buffer = Buffer.alloc(longestHolder + 1);
  const text = buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, 0));
  if (Buffer.byteLength(text) <= longestHolder && isLease(text)) return text;
  throw foreign(`${shown} is not a lease of berth: it names no holder`);
}

function foreign(message: string, cause?: unknown): BerthError {
  return new BerthError("host-unfit", message, {
    cause,
    hint: "remove it, and check who may write there: berth records in it which machine uses the folder",
  });
}

/** The error for a failed call on a lease. */
export function leaseError(cause: unknown, { shown }: Place): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (hasErrno(cause, ["ENOSPC", "EDQUOT"])) {
    return new BerthError("disk-full", `no space left for lease ${shown}`, {
      cause,
      hint: "free some space on that file system",
    });
  }
  if (hasErrno(cause, ["EROFS", "EACCES", "EPERM"])) {
    return new BerthError("host-unfit", `cannot write lease ${shown} (${code})`, {
      cause,
      hint: "make the folder's parent directory writable: berth records there which machine uses the folder",
    });
  }
  if (hasErrno(cause, ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])) {
    return new BerthError("host-unfit", `the file system of ${shown} does not support locks (${code})`, {
      cause,
      hint: "keep the folder on a file system with flock(2) (example: ext4, xfs, btrfs, NFS with locks)",
    });
  }
  return cause;
}
