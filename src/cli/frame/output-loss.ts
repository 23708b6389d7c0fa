import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { Io } from "./io.ts";

/**
 * Why one of the outputs can be written no more; undefined while both can. A reader that has gone is the
 * system's own error, EPIPE: nobody is to be told. All else is a BerthError, `disk-full` or `output-lost`.
 */
export function outputLoss({ stdout, stderr }: Pick<Io, "stdout" | "stderr">): Error | undefined {
  if (stdout.errored) return lossOf("standard output", stdout.errored);
  return stderr.errored ? lossOf("standard error", stderr.errored) : undefined;
}

/** Aborted, with `outputLoss` for its reason, as soon as an output can be written no more. */
export function watchOutputs(io: Io): AbortSignal {
  const lost = new AbortController();
  // The listeners stay: a late write may fail after the command, and an error that nobody hears ends the
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

/** write(2): no room, no more of the user's quota, or as much as a file may hold. */
const noRoom = ["ENOSPC", "EDQUOT", "EFBIG"];

function lossOf(name: string, cause: Error): Error {
  if (isBrokenPipe(cause)) return cause;
  const isFull = hasErrno(cause, noRoom);
  return new BerthError(isFull ? "disk-full" : "output-lost", `${name} cannot be written: ${cause.message}`, {
    cause,
    hint: isFull ? "make room, then run it again" : "see where it leads, then run it again",
  });
}
