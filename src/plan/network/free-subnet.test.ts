import { expect, test } from "bun:test";
import { freeSubnet, parseRoutes } from "./free-subnet.ts";

test.each([
  ["nothing is there", [], [], "172.31.0.0/24"],
  ["networks have the first ones", ["172.31.0.0/24", "172.31.1.0/25"], [], "172.31.2.0/24"],
  ["a network has the whole block", ["172.31.0.0/16"], [], "172.30.0.0/24"],
  [
    "the engine's networks are among the host's routes",
    ["172.31.0.0/24"],
    ["172.31.0.0/24", "192.0.2.0/24"],
    "172.31.1.0/24",
  ],
  ["the host is in a part of the block", [], ["172.31.16.0/20"], "172.30.0.0/24"],
  ["a route leads to more than the block", [], ["172.16.0.0/12"], "10.231.0.0/24"],
  ["the network is of IPv6", ["fd00::/64"], [], "172.31.0.0/24"],
] as const)("%s", (_, networks, routes, subnet) => {
  expect(freeSubnet(networks, routes)).toBe(subnet);
});

test("where all is taken it says which key to write", () => {
  expect(() => freeSubnet(["0.0.0.0/0"], [])).toThrow(
    expect.objectContaining({ code: "conflict", hint: expect.stringContaining("network.subnet") }),
  );
});

test("routes are read from the kernel's table, without the default one", () => {
  const table = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0100000A	0003	0	0	0	00000000	0	0	0
eth0	0000000A	00000000	0001	0	0	0	00FFFFFF	0	0	0
br0	00101FAC	00000000	0001	0	0	0	00F0FFFF	0	0	0
`;
  expect(parseRoutes(table)).toEqual(["10.0.0.0/24", "172.31.16.0/20"]);
});
