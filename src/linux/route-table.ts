/** One route of a host's. */
export interface Route {
  /** Where it leads, as ADDRESS/LENGTH. */
  readonly subnet: string;
  /** The network interface. */
  readonly device: string;
}

/**
 * The routes of /proc/net/route (proc_net(5)), which has addresses in little-endian byte order. Without
 * default routes, also those that a VPN writes in two halves or more (openvpn(8), `redirect-gateway def1`).
 */
export function parseRouteTable(table: string): readonly Route[] {
  return table.split("\n").flatMap((line) => {
    const [device = "", destination = "", , , , , , mask = ""] = line.trim().split(/\s+/);
    if (![destination, mask].every((field) => /^[0-9A-F]{8}$/.test(field))) return [];
    const length = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === "1").length;
    if (length < shortest) return [];
    const address = [6, 4, 2, 0].map((at) => Number.parseInt(destination.slice(at, at + 2), 16)).join(".");
    return [{ subnet: `${address}/${length}`, device }];
  });
}

/** Bits of the largest network that anybody has (RFC 1918); all that is larger is a part of everything. */
const shortest = 8;
