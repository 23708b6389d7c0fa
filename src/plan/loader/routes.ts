/**
 * The interfaces of the default routes in /proc/net/route and /proc/net/ipv6_route (proc_net(5)); undefined
 * without one.
 */
export function parseDefaultInterfaces(
  ipv4Routes: string,
  ipv6Routes: string,
): { readonly ipv4: string | undefined; readonly ipv6: string | undefined } {
  const rows = (text: string) => text.split("\n").map((line) => line.trim().split(/\s+/));
  // Iface Destination Gateway Flags RefCnt Use Metric Mask …
  const ipv4 = rows(ipv4Routes).find(
    ([, destination, , , , , , mask]) => destination === "00000000" && mask === "00000000",
  )?.[0];
  // Destination, its prefix length, source, its prefix length, next hop, metric, counters, flags, interface;
  // lo rejects what has no route.
  const ipv6 = rows(ipv6Routes).find(
    (row) => row[0] === "0".repeat(32) && row[1] === "00" && row[9] !== "lo",
  )?.[9];
  return { ipv4, ipv6 };
}
