import { existsSync } from "node:fs";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { readIfThere } from "#host/files/read-if-there.ts";
import { replaceFile } from "#host/files/replace-file.ts";
import { run } from "#host/process/run.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** A drop-in (systemd.unit(5)) holds whether or not lxcfs is installed yet. */
const dropIn = "/etc/systemd/system/lxcfs.service.d/50-berth.conf";

/** Whether systemd is what runs this host (sd_booted(3)). */
const isBooted = () => existsSync("/run/systemd/system");

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
export async function installLxcfsDropIn(program: string): Promise<void> {
  if (!isBooted()) return;
  const content = renderDropIn(program);
  if ((await readIfThere(dropIn)) === content) return;
  await mkdir(dirname(dropIn), { recursive: true, mode: 0o755 });
  await replaceFile(dropIn, content, 0o644);
  await run("systemctl", ["daemon-reload"]);
}

/** Takes the drop-in away again. */
export async function removeLxcfsDropIn(): Promise<void> {
  if ((await readIfThere(dropIn)) === undefined) return;
  await rm(dropIn);
  await rmdir(dirname(dropIn)).catch((error: unknown) => {
    // Others' drop-ins stay.
    if (!hasErrno(error, ["ENOTEMPTY"])) throw error;
  });
  if (isBooted()) await run("systemctl", ["daemon-reload"]);
}
