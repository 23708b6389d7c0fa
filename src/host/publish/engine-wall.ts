import { hasCode } from "#errors.ts";
import { tryRun } from "#host/process/run.ts";
import { parseWall, type Wall, wallTable } from "#plan/network/engine-wall.ts";
import type { Family } from "#plan/network/forwarding.ts";

/**
 * What an engine's own nftables firewall does before a bridge. "open" also where there is no such firewall.
 */
export async function readWall(family: Family, bridge: string): Promise<Wall> {
  try {
    const words = ["-n", "list", "table", family === "ipv4" ? "ip" : "ip6", wallTable];
    const { status, stdout } = await tryRun("nft", words);
    return status === 0 ? parseWall(stdout, bridge) : "open";
  } catch (error) {
    // Whoever makes the table of the ports says that.
    if (hasCode(error, "tool-missing")) return "open";
    throw error;
  }
}
