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

/**
 * Has systemd read a unit of others after a change of its drop-ins, unless that would harm running
 * containers.
 */
export async function reloadForUnit(unit: string): Promise<UnitReload> {
  return await reload(unitPath.some((directory) => existsSync(join(directory, unit))));
}

/**
 * Has systemd read a unit of our own if it holds another one than its file is now, or if that is gone; unless
 * that would harm running containers. Needs systemd.
 */
export async function reloadIfStale(unit: string): Promise<UnitReload> {
  const { stdout } = await run("systemctl", ["show", "--property=NeedDaemonReload", unit]);
  return await reload(stdout.trim() === "NeedDaemonReload=yes");
}

async function reload(unit: boolean): Promise<UnitReload> {
  const plan = planReload({ systemd: isSystemdBooted(), unit, nvidia: existsSync("/dev/nvidiactl") });
  if (plan === "done") await run("systemctl", ["daemon-reload"]);
  return plan;
}
