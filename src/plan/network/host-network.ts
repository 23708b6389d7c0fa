import ipaddr from "ipaddr.js";
import type { Route } from "#linux/route-table.ts";
import { subnetsOverlap } from "./address.ts";

/** What a host reaches by itself. A network of machines hides what has the same addresses. */
export interface HostNetwork {
  /** All but the default route. */
  readonly routes: readonly Route[];
  /** The addresses of its name servers. */
  readonly nameServers: readonly string[];
}

export const unseenNetwork: HostNetwork = { routes: [], nameServers: [] };

/** A subnet of a host's, or a name server as the subnet of one address, and what it is. */
export interface Occupied {
  readonly subnet: string;
  /** A noun for messages: `route 172.31.0.0/20 (eth0)`. */
  readonly what: string;
}

/**
 * What a host occupies itself. The routes to the engine's own networks are none of it. Last come routes to a
 * whole private range: a VPN's for all that there may be.
 */
export function occupiedBy(
  { routes, nameServers }: HostNetwork,
  networks: readonly string[],
): { readonly narrow: readonly Occupied[]; readonly wide: readonly Occupied[] } {
  const foreign = routes
    .filter(({ subnet }) => !networks.includes(subnet))
    .map(({ subnet, device }) => ({ subnet, what: `route ${subnet} (${device})` }));
  const servers = nameServers
    .filter((address) => ipaddr.IPv4.isValidFourPartDecimal(address))
    .map((address) => ({ subnet: `${address}/32`, what: `name server ${address}` }));
  return {
    narrow: [...servers, ...foreign.filter(({ subnet }) => !isWide(subnet))],
    wide: foreign.filter(({ subnet }) => isWide(subnet)),
  };
}

/** What of a host a subnet would hide from it; undefined for none. */
export function hiddenBy(
  subnet: string,
  host: HostNetwork,
  networks: readonly string[],
): Occupied | undefined {
  return occupiedBy(host, networks).narrow.find((occupied) => subnetsOverlap(occupied.subnet, subnet));
}

/** The private ranges: RFC 1918. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

const lengthOf = (subnet: string) => Number(subnet.slice(subnet.indexOf("/") + 1));

function isWide(subnet: string): boolean {
  return privateRanges.some((range) => lengthOf(subnet) <= lengthOf(range) && subnetsOverlap(subnet, range));
}
