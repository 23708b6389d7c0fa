import type { UnitChanges } from "#ops/engine/install-units.ts";
import { stopUnit } from "#plan/engine/stop-unit.ts";
import type { UnitReload } from "#plan/engine/unit-reload.ts";

/** What to tell of systemd's units that an installation has changed. */
export function renderReloads({ lxcfs, stop }: UnitChanges): readonly string[] {
  const told = [renderReload("lxcfs.service", lxcfs), renderReload(stopUnit, stop)];
  return told.filter((line) => line !== undefined);
}

/** What to tell of a changed unit; undefined where nothing happened. */
function renderReload(unit: string, reload: UnitReload): string | undefined {
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
