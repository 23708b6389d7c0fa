import { answered, calls } from "#host/syscall/mirror-calls.ts";
import { mirrorAddress } from "./address.ts";
import type { MirrorRequest } from "./request.ts";

const [unixFamily, stream, closeOnExec] = [1, 1, 0x80000];

/**
 * Asks the server for a decoy over what this process answers for: a descriptor that can be read from once it
 * is there, or cannot be; undefined where no server runs. Does not wait, since the mount of the decoy may wait
 * for this process.
 */
export function askForDecoy(): number | undefined {
  const socket = answered(calls.socket(unixFamily, stream | closeOnExec, 0));
  if (socket < 0) return undefined;
  const address = mirrorAddress();
  const request: MirrorRequest = { do: "decoy", by: process.pid };
  const line = Buffer.from(`${JSON.stringify(request)}\n`);
  const isAsked =
    answered(calls.connect(socket, address, address.length)) === 0 &&
    answered(calls.write(socket, line, line.length)) === line.length;
  if (isAsked) return socket;
  calls.close(socket);
  return undefined;
}
