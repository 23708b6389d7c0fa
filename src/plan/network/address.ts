import ipaddr from "ipaddr.js";
import { BerthError } from "#errors.ts";

export interface AddressRequest {
  readonly name: string;
  /** The address the machine asked for, if any. */
  readonly address?: string | undefined;
}

/**
 * Assigns each machine an IPv4 address of the subnet: the requested one, else the lowest free one. A machine
 * keeps its address across restarts. `taken` are all addresses in use. Throws `conflict` for a requested
 * address in use, and for a full subnet.
 */
export function allocateAddresses(
  requests: readonly AddressRequest[],
  subnet: string,
  gateway: string | undefined,
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const used = new Set(taken);
  const given = new Map<string, string>();
  for (const { name, address } of requests) {
    if (address === undefined) continue;
    if (used.has(address)) {
      throw new BerthError("conflict", `${name}: the address ${address} is in use`, {
        hint: "choose another address; `berth ls` shows the machines' addresses",
      });
    }
    used.add(address);
    given.set(name, address);
  }
  const range = parseSubnet(subnet);
  used.add(gateway ?? render(range.first + 1));
  let next = range.first + 1;
  for (const { name, address } of requests) {
    if (address !== undefined) continue;
    while (used.has(render(next))) next += 1;
    if (next >= range.last) {
      throw new BerthError("conflict", `${name}: the subnet ${subnet} has no free address left`, {
        hint: "remove unused machines, or set a larger network.subnet",
      });
    }
    given.set(name, render(next));
    used.add(render(next));
  }
  return given;
}

/** Whether two subnets have an address in common; false where one of them is not of IPv4. */
export function subnetsOverlap(one: string, other: string): boolean {
  if (![one, other].every((subnet) => ipaddr.IPv4.isValidCIDR(subnet))) return false;
  const [a, b] = [parseSubnet(one), parseSubnet(other)];
  return a.first <= b.last && b.first <= a.last;
}

/** The network's and the broadcast address as numbers. */
function parseSubnet(subnet: string): { readonly first: number; readonly last: number } {
  const number = (address: ipaddr.IPv4): number =>
    address.octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return {
    first: number(ipaddr.IPv4.networkAddressFromCIDR(subnet)),
    last: number(ipaddr.IPv4.broadcastAddressFromCIDR(subnet)),
  };
}

function render(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
