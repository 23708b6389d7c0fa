import type { Family } from "./forwarding.ts";

/**
 * The nftables table of an engine's own firewall, for each family (dockerd's `"firewall-backend":
 * "nftables"`; moby, daemon/libnetwork/drivers/bridge/internal/nftabler).
 */
export const wallTable = "docker-bridges";

/** A packet's mark that an engine's firewall lets in: daemon.json's `bridge-accept-fwmark`. */
export interface AcceptMark {
  readonly value: number;
  /** The bits that count. */
  readonly mask: number;
}

/** What an engine's firewall does with packets that enter a network from outside. */
export type Wall =
  /** Lets them in, or is not there. */
  | "open"
  /** Drops those to ports that the engine itself does not publish. */
  | "closed"
  | AcceptMark;

const allBits = 0xffffffff;

/**
 * What stands before a bridge, by the list of `wallTable` (`nft -n list table`). An accept rule elsewhere
 * cannot undo a drop here, since every table is asked.
 */
export function parseWall(listing: string, bridge: string): Wall {
  const start = listing.indexOf(`chain filter-forward-in__${bridge} {`);
  if (start === -1) return "open";
  const chain = listing.slice(start, listing.indexOf("}", start));
  // The rule without a condition that comes last.
  if (!/^\s*counter packets \d+ bytes \d+ drop\b/m.test(chain)) return "open";
  const rule = /^\s*meta mark (?:& (\w+) == )?(\w+) counter packets \d+ bytes \d+ accept\b/m.exec(chain);
  if (rule === null) return "closed";
  const [, mask, value = ""] = rule;
  return { value: Number(value), mask: mask === undefined ? allBits : Number(mask) };
}

/** The words by which a rule of nft(8) gives a packet this mark, and keeps the bits that do not count. */
export function renderMark({ value, mask }: AcceptMark): string {
  const hex = (bits: number) => `0x${(bits >>> 0).toString(16)}`;
  const kept = ~mask >>> 0;
  return kept === 0
    ? `meta mark set ${hex(value)}`
    : `meta mark set meta mark and ${hex(kept)} or ${hex(value)}`;
}

/** What to tell of a wall that nothing opens. */
export function wallWarning(families: readonly Family[]): string {
  const which = families.map((family) => ({ ipv4: "IPv4", ipv6: "IPv6" })[family]).join(" and ");
  return (
    `the engine's nftables firewall drops ${which} packets from other hosts to the published ports ` +
    '(in the engine\'s daemon.json set "bridge-accept-fwmark": "0x1/0x1", and restart the engine)'
  );
}
