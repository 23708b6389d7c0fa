import type { Wall } from "#plan/network/engine-wall.ts";
import type { Check } from "./doctor-facts.ts";

/**
 * Whether an engine's own nftables firewall lets in what comes to ports that the loader publishes; none where
 * it has no such firewall.
 */
export function checkEngineFirewall(wall: Wall | undefined): readonly Check[] {
  if (wall === undefined || wall === "open") return [];
  const [id, title] = ["engine-firewall", "Engine's firewall"];
  if (wall !== "closed") {
    const mark = [wall.value, wall.mask].map((bits) => `0x${(bits >>> 0).toString(16)}`).join("/");
    const detail = `nftables; lets in ports that the loader publishes, by bridge-accept-fwmark ${mark}`;
    return [{ id, title, status: "ok", detail, hint: undefined }];
  }
  return [
    {
      id,
      title,
      status: "warn",
      detail:
        "nftables, without bridge-accept-fwmark: other hosts do not reach ports that the loader publishes",
      hint: 'set "bridge-accept-fwmark": "0x1/0x1" in the engine\'s daemon.json, and restart the engine',
    },
  ];
}
