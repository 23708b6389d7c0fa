import { readText } from "#host/process/proc-file.ts";
import { parseNameServers } from "#linux/resolv-conf.ts";
import { parseRouteTable } from "#linux/route-table.ts";
import type { HostNetwork } from "#plan/network/host-network.ts";

/** Where this host's name servers are: systemd-resolved's own, which it stands before, in the second. */
const resolvConfs = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/**
 * The routes of a process's network namespace, of the main table, and this host's name servers. What is not
 * readable counts as empty.
 */
export async function readHostNetwork(pid: number | "self"): Promise<HostNetwork> {
  const [routes, ...confs] = await Promise.all([`/proc/${pid}/net/route`, ...resolvConfs].map(readText));
  return {
    routes: parseRouteTable(routes ?? ""),
    nameServers: [...new Set(confs.flatMap((conf) => parseNameServers(conf ?? "")))],
  };
}
