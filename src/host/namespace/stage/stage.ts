import { lstatSync, mkdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { inDirectory } from "#host/files/beneath.ts";
import { detachMount, makePrivate, mount, mountFlags } from "#host/syscall/syscalls.ts";
import { ignoreDone } from "./ignore-done.ts";

/** More than any machine has layers, binds and files of berth's; its tmpfs is the host's memory. */
const mostFiles = 8192;

/**
 * A machine's stage: its own small tmpfs, in which its root and binds are mounted with mapped ids, for the
 * runtime to take. Its mounts do not propagate to other mount namespaces, and detaching the tmpfs detaches
 * them all. Detach it, never empty it: it shows the engine's layers and the user's directories.
 */
export function openStage(stage: string, owner: number): void {
  // Runtimes change to the directory that was the root, whatever it is then, before they enter the machine.
  mkdirSync(join(stage, "root"), { recursive: true, mode: 0o711 });
  mount(
    "berth",
    stage,
    "tmpfs",
    mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec,
    `mode=700,uid=${owner},gid=${owner},size=1m,nr_inodes=${mostFiles}`,
  );
  makePrivate(stage);
}

/** Whether there is a stage with its tmpfs still mounted. */
export function isStageOpen(stage: string): boolean {
  const place = lstatSync(stage, { throwIfNoEntry: false });
  const parent = statSync(dirname(stage), { throwIfNoEntry: false });
  return place !== undefined && parent !== undefined && place.dev !== parent.dev;
}

/**
 * Detaches a stage, if it exists, and removes its directory. Other processes may do the same at the same
 * time.
 */
export function closeStage(stage: string): void {
  // EINVAL: it is not mounted any more (umount2(2)).
  if (isStageOpen(stage)) ignoreDone(() => detachMount(stage), ["ENOENT", "EINVAL"]);
  // Only these two, and only if empty: a crash may have interrupted the setup anywhere.
  inDirectory(dirname(stage), basename(stage), (place) =>
    ignoreDone(() => rmdirSync(join(place, "root")), ["ENOENT"]),
  );
  ignoreDone(() => rmdirSync(stage), ["ENOENT", "ENOTDIR"]);
}

/**
 * Binds a user namespace, by its descriptor, as `userns` in the stage: a path for it that lives as long as
 * the stage.
 */
export function stageUserNamespace(stage: string, userNamespace: number): void {
  const place = join(stage, "userns");
  writeFileSync(place, "");
  mount(`/proc/self/fd/${userNamespace}`, place, "", mountFlags.bind, "");
}
