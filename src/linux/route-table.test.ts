import { expect, test } from "bun:test";
import { parseRouteTable } from "./route-table.ts";

test("routes are read from the kernel's table, without default ones", () => {
  const table = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0100000A	0003	0	0	0	00000000	0	0	0
tun0	00000000	0100080A	0003	0	0	0	00000080	0	0	0
tun0	00000080	0100080A	0003	0	0	0	00000080	0	0	0
eth0	0000000A	00000000	0001	0	0	0	00FFFFFF	0	0	0
br0	00101FAC	00000000	0001	0	0	0	00F0FFFF	0	0	0
wg0	0000000A	00000000	0001	0	0	0	000000FF	0	0	0
ens4	0100800A	00000000	0005	0	0	0	FFFFFFFF	0	0	0
`;
  expect(parseRouteTable(table)).toEqual([
    { subnet: "10.0.0.0/24", device: "eth0" },
    { subnet: "172.31.16.0/20", device: "br0" },
    { subnet: "10.0.0.0/8", device: "wg0" },
    { subnet: "10.128.0.1/32", device: "ens4" },
  ]);
  expect(parseRouteTable("")).toEqual([]);
});
