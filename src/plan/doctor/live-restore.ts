import { stopUnit } from "#plan/engine/stop-unit.ts";
import type { Check, EngineFacts, HostFacts } from "./doctor-facts.ts";

/**
 * Whether machines of an engine that ends without them shut down when their host does; none for other
 * engines, and where systemd does not run the host.
 */
export function checkLiveRestore(
  { liveRestore }: Pick<EngineFacts, "liveRestore">,
  host: Pick<HostFacts, "stopUnit">,
): readonly Check[] {
  if (!liveRestore || host.stopUnit === undefined) return [];
  const [id, title] = ["live-restore", "Live restore"];
  if (host.stopUnit) {
    const detail = `on; ${stopUnit} shuts machines down with the host`;
    return [{ id, title, status: "ok", detail, hint: undefined }];
  }
  return [
    {
      id,
      title,
      status: "warn",
      detail: `on, without ${stopUnit}: the host's shutdown kills machines instead of shutting them down`,
      hint: "run `berth install runtime`, without --in-place",
    },
  ];
}
