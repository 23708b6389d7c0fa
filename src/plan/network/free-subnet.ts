import { BerthError } from "#errors.ts";
import { subnetsOverlap } from "./address.ts";

/**
 * Private blocks (RFC 1918) at the far end from those that the engine gives its own networks first
 * (172.17.0.0/16 and on).
 */
const blocks: readonly string[] = [
  ..."31 30 29 28 27 26 25 24".split(" ").map((part) => `172.${part}`),
  "10.231",
  "10.232",
  "10.233",
];

/**
 * A /24 that none of the engine's networks and no route of its host has a part of. Where a route leads into a
 * block, the whole block is left alone: what is beside the host's own part of it is likely other hosts'.
 * Throws `conflict`.
 */
export function freeSubnet(networks: readonly string[], routes: readonly string[]): string {
  const foreign = routes.filter((route) => !networks.includes(route));
  for (const block of blocks) {
    if (foreign.some((route) => subnetsOverlap(route, `${block}.0.0/16`))) continue;
    for (let part = 0; part < 256; part += 1) {
      const subnet = `${block}.${part}.0/24`;
      if (!networks.some((network) => subnetsOverlap(network, subnet))) return subnet;
    }
  }
  throw new BerthError("conflict", "every candidate subnet for the machines' network is in use", {
    hint: "set network.subnet (example: 10.20.0.0/24), or remove unused networks",
  });
}

/**
 * The subnets of /proc/net/route (proc_net(5)), except for the default route, in little-endian byte order.
 */
export function parseRoutes(table: string): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, destination, , , , , , mask] = line.trim().split(/\s+/);
    if (
      destination === undefined ||
      mask === undefined ||
      !/^[0-9A-F]{8}$/.test(destination) ||
      mask === "00000000"
    )
      return [];
    const address = [6, 4, 2, 0].map((at) => Number.parseInt(destination.slice(at, at + 2), 16)).join(".");
    const length = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === "1").length;
    return [`${address}/${length}`];
  });
}
