import { mirrorSocket } from "#oci/machine-state.ts";

/** struct sockaddr_un of the server's socket (unix(7)). */
export function mirrorAddress(): Buffer {
  const unixFamily = 1;
  const address = Buffer.alloc(110);
  address.writeUInt16LE(unixFamily, 0);
  address.write(mirrorSocket, 2, "latin1");
  return address;
}
