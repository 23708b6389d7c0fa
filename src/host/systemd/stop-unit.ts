import { mkdir, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { readIfThere } from "#host/files/read-if-there.ts";
import { replaceFile } from "#host/files/replace-file.ts";
import { run } from "#host/process/run.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { renderStopUnit, stopUnit } from "#plan/engine/stop-unit.ts";
import { isSystemdBooted } from "./booted.ts";
import { reloadForUnit } from "./reload.ts";

const file = `/etc/systemd/system/${stopUnit}`;
/** What `systemctl enable` makes; made here, since enabling makes systemd read all units again. */
const wanted = `/etc/systemd/system/multi-user.target.wants/${stopUnit}`;

/**
 * Has a host's shutdown shut down the machines that its engine leaves running. Does nothing without systemd.
 * `program` is the installed berth.
 */
export async function installStopUnit(program: string): Promise<void> {
  if (!isSystemdBooted()) return;
  const content = renderStopUnit(program);
  const before = await readIfThere(file);
  if (before !== content) await replaceFile(file, content, 0o644);
  await mkdir(dirname(wanted), { recursive: true, mode: 0o755 });
  await symlink(file, wanted).catch((error: unknown) => {
    if (!hasErrno(error, ["EEXIST"])) throw error;
  });
  if (before !== undefined && before !== content) await reloadForUnit(stopUnit);
  // systemd reads a unit that it does not know yet without a reload.
  await run("systemctl", ["start", "--no-block", stopUnit]);
}

/** Takes the unit away again; machines go on running. */
export async function removeStopUnit(): Promise<void> {
  if ((await readIfThere(file)) === undefined) return;
  await rm(wanted, { force: true });
  await rm(file);
  if (isSystemdBooted()) await reloadForUnit(stopUnit);
}
