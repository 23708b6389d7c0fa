import { answered, calls } from "#host/syscall/mirror-calls.ts";
import { mirrorAddress } from "./address.ts";
import type { MirrorRequest } from "./request.ts";

const [unixFamily, stream, closeOnExec] = [1, 1, 0x80000];

/**
 * Tells the server that a thread of an engine's asks what this process answers for: a descriptor that can
 * be read from once the engine may be answered; undefined where no server runs. Does not wait, since the
 * mount of a decoy may wait for this process.
 */
export function tellOfEngine(thread: number): number | undefined {
  const socket = answered(calls.socket(unixFamily, stream | closeOnExec, 0));
  if (socket < 0) return undefined;
  const address = mirrorAddress();
  const request: MirrorRequest = { do: "decoy", by: process.pid, thread };
  const line = Buffer.from(`${JSON.stringify(request)}\n`);
  const isAsked =
    answered(calls.connect(socket, address, address.length)) === 0 &&
    answered(calls.write(socket, line, line.length)) === line.length;
  if (isAsked) return socket;
  calls.close(socket);
  return undefined;
}
