import ipaddr from "ipaddr.js";
import { invalid } from "./invalid.ts";

/** An IPv4 address in its dotted form. */
export function parseAddress(text: string): string {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) throw invalid("IPv4 address", text, "example: 10.72.0.10");
  return text;
}

/**
 * An IPv4 subnet `ADDRESS/LENGTH` whose address is the subnet's first and that has room for a gateway and a
 * machine (/8 to /29).
 */
export function parseSubnet(text: string): string {
  if (ipaddr.IPv6.isValidCIDR(text)) throw invalid("subnet", text, "example: 10.72.0.0/24; IPv4");
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) throw invalid("subnet", text, "example: 10.72.0.0/24");
  const length = ipaddr.IPv4.parseCIDR(text)[1];
  if (length < 8 || length > 29) throw invalid("subnet", text, "example: 10.72.0.0/24; /8 to /29");
  const first = `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${length}`;
  if (first !== text) throw invalid("subnet", text, "example: 10.72.0.0/24; its first address", first);
  return text;
}

/**
 * The subnet that addresses imply where none is written: the /24 of the first; undefined without addresses.
 */
export function impliedSubnet(addresses: readonly string[]): string | undefined {
  const [first] = addresses;
  return first === undefined
    ? undefined
    : `${ipaddr.IPv4.networkAddressFromCIDR(`${first}/24`).toString()}/24`;
}

/**
 * A network's gateway: the one it names, else the subnet's first address, which is what the Docker Engine
 * takes.
 */
export function gatewayOf(subnet: string, gateway: string | undefined): string {
  if (gateway !== undefined) return gateway;
  const bytes = ipaddr.IPv4.networkAddressFromCIDR(subnet).toByteArray();
  bytes[3] = (bytes[3] ?? 0) + 1;
  return bytes.join(".");
}

/** Why an address cannot belong to a machine or a gateway of this subnet, or undefined when it can. */
export function addressFault(address: string, subnet: string): string | undefined {
  if (!ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(subnet)))
    return `${address} is outside of the subnet ${subnet}`;
  if (address === ipaddr.IPv4.networkAddressFromCIDR(subnet).toString())
    return `${address} is the address of the subnet ${subnet} itself`;
  if (address === ipaddr.IPv4.broadcastAddressFromCIDR(subnet).toString())
    return `${address} is the broadcast address of ${subnet}`;
  return undefined;
}
