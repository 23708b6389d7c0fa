import ipaddr from "ipaddr.js";
import { invalid } from "#machinefile/value/invalid.ts";

const isIPv4 = (text: string) => ipaddr.IPv4.isValidFourPartDecimal(text);
const isIPv6 = (text: string) => ipaddr.IPv6.isValid(text) && !text.includes("%");

/** Whether this is an address of either family, without a zone and without brackets. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}

/** An address of either family in its canonical form; an IPv4 one within IPv6 becomes the former. */
export function parseAnyAddress(text: string): string {
  if (!isAddress(text.trim())) throw invalid("address", text, "example: 10.0.0.5 or 2001:db8::5");
  return ipaddr.process(text.trim()).toString();
}

export function parseIPv4(text: string): string {
  if (!isIPv4(text)) throw invalid("IPv4 address", text, "example: 10.0.0.5");
  return text;
}

export function parseIPv6(text: string): string {
  if (!isIPv6(text)) throw invalid("IPv6 address", text, "example: 2001:db8::5");
  return ipaddr.IPv6.parse(text).toString();
}

/**
 * A line for /etc/hosts as the API has it, `NAME:ADDRESS`; written with `:` or `=`, the address bare or in
 * brackets, or `host-gateway`.
 */
export function parseExtraHost(text: string): string {
  const separator = text.includes("=") ? "=" : ":";
  const at = text.indexOf(separator);
  const name = text.slice(0, Math.max(at, 0));
  const address = text.slice(at + 1).replace(/^\[(.+)\]$/, "$1");
  if (name === "" || name.includes(":"))
    throw invalid("host entry", text, "NAME:ADDRESS; example: db:10.0.0.5");
  if (address !== "host-gateway" && !isAddress(address.trim()))
    throw invalid("address in the host entry", text, "example: db:10.0.0.5 or db:host-gateway");
  return `${name}:${address}`;
}

/** A domain for /etc/resolv.conf without its last dot; a lone dot asks for none. */
export function parseSearchDomain(text: string): string {
  const domain = text.replace(/^ +|\s+$/g, "");
  if (domain === ".") return domain;
  const name = domain.replace(/\.$/, "");
  const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
  if (!new RegExp(`^${label}(?:\\.${label})*$`).test(name) || !/[a-zA-Z]/.test(name) || name.length >= 255) {
    throw invalid("domain", text, "example: example.com, or . for none");
  }
  return name;
}

/** A hardware address of six bytes, as it is written. */
export function parseMac(text: string): string {
  const mac = text.trim();
  if (
    !/^(?:[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})$/i.test(mac)
  ) {
    throw invalid("MAC address", text, "example: 92:d0:c6:0a:29:33");
  }
  return mac;
}
