import ipaddr from "ipaddr.js";
import type { Publish } from "#machinefile/value/publish.ts";

export const families = ["ipv4", "ipv6"] as const;
export type Family = (typeof families)[number];

/** The machine's addresses which the host reaches it by; at least one. */
export interface ForwardTargets {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

export const familyNames = { ipv4: "IPv4", ipv6: "IPv6" } as const;

/** Of IP (RFC 1700, protocol numbers). */
export const protocolNumbers = { tcp: "6", udp: "17", sctp: "132" } as const;

export function familyOf(address: string): Family {
  return ipaddr.parse(address).kind();
}

export function isLoopback(address: string): boolean {
  return ipaddr.process(address).range() === "loopback";
}

/** Whether packets of that family to the published port are to reach the machine by DNAT. */
export function isForwarded({ address }: Publish, family: Family): boolean {
  return address === undefined || (familyOf(address) === family && !isLoopback(address));
}

/** Whether an address of the host to publish at is all of them, of both families or of one. */
export function isAnyAddress(address: string | undefined): boolean {
  return address === undefined || ipaddr.parse(address).range() === "unspecified";
}
