/**
 * What became of a changed unit: systemd has read it (`done`), reads it at its next reload (`pending`), or
 * need not (`unneeded`).
 */
export type UnitReload = "done" | "pending" | "unneeded";

export interface ReloadFacts {
  readonly systemd: boolean;
  /** Whether systemd has to read the unit: what it does not have yet, it reads anyway when it comes. */
  readonly unit: boolean;
  readonly nvidia: boolean;
}

/**
 * A `daemon-reload` makes systemd write the device rules of every scope again, without the devices that
 * NVIDIA's hook has added: running containers lose their GPUs.
 * https://github.com/NVIDIA/nvidia-container-toolkit/issues/48
 */
export function planReload({ systemd, unit, nvidia }: ReloadFacts): UnitReload {
  if (!systemd || !unit) return "unneeded";
  return nvidia ? "pending" : "done";
}
