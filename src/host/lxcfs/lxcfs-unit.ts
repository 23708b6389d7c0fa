import { mkdir, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { readIfThere } from "#host/files/read-if-there.ts";
import { replaceFile } from "#host/files/replace-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { isSystemdBooted } from "#host/systemd/booted.ts";
import { reloadForUnit } from "#host/systemd/reload.ts";
import type { UnitReload } from "#plan/engine/unit-reload.ts";

/** A drop-in (systemd.unit(5)) holds whether or not lxcfs is installed yet. */
const dropIn = "/etc/systemd/system/lxcfs.service.d/50-berth.conf";

const unit = "lxcfs.service";

/**
 * At boot, start lxcfs before the machines that the engine restarts. The dash: a failed renewal must not fail
 * lxcfs (systemd.service(5)).
 */
function renderDropIn(program: string): string {
  return `# Written by \`berth install runtime\`: machines get the lxcfs that has just been started.
[Unit]
Before=docker.service

[Service]
ExecStartPost=-${program} runtime lxcfs
`;
}

/**
 * Makes systemd run `berth runtime lxcfs` of this program whenever it starts lxcfs. Does nothing without
 * systemd; whoever starts lxcfs must then run `berth runtime lxcfs`.
 */
export async function installLxcfsDropIn(program: string): Promise<UnitReload> {
  if (!isSystemdBooted()) return "unneeded";
  const content = renderDropIn(program);
  if ((await readIfThere(dropIn)) === content) return "unneeded";
  await mkdir(dirname(dropIn), { recursive: true, mode: 0o755 });
  await replaceFile(dropIn, content, 0o644);
  return await reloadForUnit(unit);
}

/** Takes the drop-in away again. */
export async function removeLxcfsDropIn(): Promise<UnitReload> {
  if ((await readIfThere(dropIn)) === undefined) return "unneeded";
  await rm(dropIn);
  await rmdir(dirname(dropIn)).catch((error: unknown) => {
    // Others' drop-ins stay.
    if (!hasErrno(error, ["ENOTEMPTY"])) throw error;
  });
  return await reloadForUnit(unit);
}
