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
