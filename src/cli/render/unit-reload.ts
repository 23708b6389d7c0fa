import type { UnitReload } from "#plan/engine/unit-reload.ts";

/** What to tell of a changed unit; undefined where nothing happened. */
export function renderReload(unit: string, reload: UnitReload): string | undefined {
  switch (reload) {
    case "done":
      return `systemd has reloaded its units (daemon-reload), for ${unit}`;
    case "pending":
      return (
        `systemd reads ${unit} again at the next boot: daemon-reload takes NVIDIA GPUs from running ` +
        "containers (without such containers: systemctl daemon-reload)"
      );
    case "unneeded":
      return undefined;
  }
}
