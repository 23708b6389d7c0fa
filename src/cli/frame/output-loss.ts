import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { Io } from "./io.ts";

/**
 * Why writing to an output fails; undefined while both work. The system's own EPIPE if the reader has gone,
 * which is not reported; else a BerthError `disk-full` or `output-lost`.
 */
export function outputLoss({ stdout, stderr }: Pick<Io, "stdout" | "stderr">): Error | undefined {
  if (stdout.errored) return lossOf("standard output", stdout.errored);
  return stderr.errored ? lossOf("standard error", stderr.errored) : undefined;
}

/** Aborted with the reason `outputLoss` as soon as writing to an output fails. */
export function watchOutputs(io: Io): AbortSignal {
  const lost = new AbortController();
  // Keep the listeners: a late write may fail after the command, and an unhandled error would end the
  // process.
  for (const stream of [io.stdout, io.stderr]) stream.on("error", () => lost.abort(outputLoss(io)));
  return lost.signal;
}

export function isBrokenPipe(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    hasErrno(thrown, ["EPIPE"]) &&
    "syscall" in thrown &&
    thrown.syscall === "write"
  );
}

/** write(2): a full disk, the user's quota, the size limit of a file. */
const noRoom = ["ENOSPC", "EDQUOT", "EFBIG"];

function lossOf(name: string, cause: Error): Error {
  if (isBrokenPipe(cause)) return cause;
  const isFull = hasErrno(cause, noRoom);
  return new BerthError(isFull ? "disk-full" : "output-lost", `cannot write ${name}: ${cause.message}`, {
    cause,
    hint: isFull ? "make room, then run it again" : "check where it leads, then run it again",
  });
}
