import type { ContainerState } from "#api/container.ts";

/** How a machine's boot ended. */
export interface Boot {
  /** systemd's own word (`systemctl is-system-running`), or `running` for inits that have none. */
  readonly state: "running" | "degraded";
  /** Empty unless degraded. */
  readonly failedUnits: readonly FailedUnit[];
}

export interface FailedUnit {
  readonly unit: string;
  readonly description: string;
  /** Its last journal lines of this boot. */
  readonly lines: readonly string[];
}

/**
 * The earliest beginning of a machine's boot, in Unix seconds: the end of the boot before, which separates
 * the two. The journal cannot, since all have the host's boot id. The engine's StartedAt is a moment late,
 * unless the clock was set back since.
 */
export function bootBegin({
  StartedAt,
  FinishedAt,
}: Pick<ContainerState, "StartedAt" | "FinishedAt">): number {
  return Math.max(0, Math.min(Date.parse(FinishedAt), Date.parse(StartedAt)) / 1000);
}
