import { answered, calls } from "#host/syscall/mirror-calls.ts";
import { Reply, Request, requestSize } from "./protocol.ts";

/*
 * One request is read and answered before the next is read, also by who serves several file systems: all use
 * these.
 */

const buffer = Buffer.alloc(requestSize);
export const request = new Request(buffer);
export const reply = new Reply();

/** Reads the next request of an open /dev/fuse; its length, or a negated errno. */
export function readRequest(device: number): number {
  const length = answered(calls.read(device, buffer, buffer.length));
  if (length >= 0) request.begin(length);
  return length;
}

/** Answers a request: with this many bytes after the reply's header, or with a negated errno. */
export function send(device: number, unique: bigint, length: number): void {
  const whole = length < 0 ? reply.end(unique, 0, length) : reply.end(unique, length);
  // ENOENT: the request was withdrawn, so no process misses the answer.
  calls.write(device, reply.bytes, whole);
}
