import { mkdir, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { readIfThere } from "#host/files/read-if-there.ts";
import { replaceFile } from "#host/files/replace-file.ts";
import { run, tryRun } from "#host/process/run.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { renderStopUnit, stopUnit } from "#plan/engine/stop-unit.ts";
import type { UnitReload } from "#plan/engine/unit-reload.ts";
import { isSystemdBooted } from "./booted.ts";
import { reloadIfStale } from "./reload.ts";

export const stopUnitFile = `/etc/systemd/system/${stopUnit}`;
/** What `systemctl enable` makes; made here, since enabling makes systemd read all units again. */
const wanted = `/etc/systemd/system/multi-user.target.wants/${stopUnit}`;

/**
 * Has a host's shutdown shut down the machines that its engine leaves running. Does nothing without systemd.
 * `program` is the installed berth.
 */
export async function installStopUnit(program: string): Promise<UnitReload> {
  if (!isSystemdBooted()) return "unneeded";
  const content = renderStopUnit(program);
  if ((await readIfThere(stopUnitFile)) !== content) await replaceFile(stopUnitFile, content, 0o644);
  await mkdir(dirname(wanted), { recursive: true, mode: 0o755 });
  await symlink(stopUnitFile, wanted).catch((error: unknown) => {
    if (!hasErrno(error, ["EEXIST"])) throw error;
  });
  const reload = await reloadIfStale(stopUnit);
  // systemd reads a unit that it does not know yet without a reload.
  await run("systemctl", ["start", "--no-block", stopUnit]);
  return reload;
}

/**
 * Takes the unit away again; machines go on running. Stops it only once systemd has read that it is gone, and
 * with it its ExecStop, which would shut them down, and its refusal of a stop by hand. Where systemd reads
 * that later, the unit lives on, does nothing at the shutdown, and is gone at the next boot.
 */
export async function removeStopUnit(): Promise<UnitReload> {
  if ((await readIfThere(stopUnitFile)) === undefined) return "unneeded";
  await rm(wanted, { force: true });
  await rm(stopUnitFile);
  if (!isSystemdBooted()) return "unneeded";
  const reload = await reloadIfStale(stopUnit);
  if (reload === "done" && (await isActive())) await run("systemctl", ["stop", stopUnit]);
  return reload;
}

async function isActive(): Promise<boolean> {
  return (await tryRun("systemctl", ["is-active", "--quiet", stopUnit])).status === 0;
}
