import { expect, test } from "bun:test";
import { socketsOnPort } from "./port-holder.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0
   1: 0100007F:0019 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:1900 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1 0000000000000000 100 0 0 10 0
   3: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 14 2 0000000000000000 0
`;

test.each([
  ["a listener, not its connections", 25, "tcp", ["11"]],
  ["nobody", 80, "tcp", []],
  ["the bytes of a port are not swapped", 0x1900, "tcp", ["13"]],
  ["a bound UDP socket", 53, "udp", ["14"]],
] as const)("%s", (_, port, protocol, inodes) => {
  expect(socketsOnPort(table, port, protocol)).toEqual(inodes as unknown as string[]);
});
