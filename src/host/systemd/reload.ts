import { existsSync } from "node:fs";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { planReload, type UnitReload } from "#plan/engine/unit-reload.ts";
import { isSystemdBooted } from "./booted.ts";

/** Where packages and administrators put units (systemd.unit(5), "Unit File Load Path"). */
const unitPath = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
] as const;

/** Has systemd read a unit whose files were changed, unless that would harm running containers. */
export async function reloadForUnit(unit: string): Promise<UnitReload> {
  const reload = planReload({
    systemd: isSystemdBooted(),
    unit: unitPath.some((directory) => existsSync(join(directory, unit))),
    nvidia: existsSync("/dev/nvidiactl"),
  });
  if (reload === "done") await run("systemctl", ["daemon-reload"]);
  return reload;
}
