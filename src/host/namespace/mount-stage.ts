import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { BerthError } from "#errors.ts";
import { inDirectory } from "#host/files/beneath.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import {
  attachMount,
  cloneMount,
  detachMount,
  makePrivate,
  makeSlave,
  mapMount,
  mount,
  mountFlags,
  restrictMount,
} from "#host/syscall/syscalls.ts";
import type { Overlay } from "#linux/overlay.ts";
import type { Restriction, StagedBind } from "#oci/user-namespace.ts";
import { inNetworkNamespace, isOthersNetwork } from "./network-namespace.ts";

/**
 * A machine's stage: a small tmpfs of its own, in which its root and its binds are mounted with mapped ids,
 * for the runtime to take them from. Nothing mounted in it is seen from other mount namespaces, and taking
 * away the one tmpfs takes away all of it. What it shows are the engine's own layers and the user's
 * directories: it is detached, never emptied.
 */
export function openStage(stage: string, owner: number): void {
  // Runtimes go to the directory that was the root, whatever is there by then, before they enter the machine.
  mkdirSync(join(stage, "root"), { recursive: true, mode: 0o711 });
  mount(
    "berth",
    stage,
    "tmpfs",
    mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec,
    `mode=700,uid=${owner},gid=${owner},size=1m`,
  );
  makePrivate(stage);
}

/** Whether there is a stage with its tmpfs still mounted. */
export function isStageOpen(stage: string): boolean {
  const place = lstatSync(stage, { throwIfNoEntry: false });
  const parent = statSync(dirname(stage), { throwIfNoEntry: false });
  return place !== undefined && parent !== undefined && place.dev !== parent.dev;
}

/** Detaches a stage, if there is one, and removes its place. Others may be doing so at the same time. */
export function closeStage(stage: string): void {
  // What is mounted nowhere any more cannot be unmounted (umount2(2), EINVAL).
  if (isStageOpen(stage)) unlessDone(() => detachMount(stage), ["ENOENT", "EINVAL"]);
  // Never more than these two, and only when they are empty: a crash may have been in the middle of it all.
  inDirectory(dirname(stage), basename(stage), (place) =>
    unlessDone(() => rmdirSync(join(place, "root")), ["ENOENT"]),
  );
  unlessDone(() => rmdirSync(stage), ["ENOENT", "ENOTDIR"]);
}

/**
 * Another's start, or the end of the machine, may have been faster: then the call fails with one of these
 * codes.
 */
function unlessDone(work: () => void, codes: readonly string[]): void {
  try {
    work();
  } catch (error) {
    if (!hasErrno(error, codes)) throw error;
  }
}

/**
 * Mounts an overlay's layers in the stage with mapped ids. Throws `layers-unmapped` where their file system
 * cannot have it so, else `host-unfit`.
 */
export function stageLayers(stage: string, { lower, upper }: Overlay, userNamespace: number): void {
  const layers = layersOf(stage);
  mkdirSync(layers, { mode: 0o700 });
  try {
    for (const [index, directory] of lower.entries())
      attachMapped(directory, join(layers, String(index)), userNamespace);
    // The upper and the work directory must be on one mount.
    attachMapped(dirname(upper), join(layers, "u"), userNamespace);
  } catch (cause) {
    throw unstaged(hasErrno(cause, unmappable) ? "layers-unmapped" : "host-unfit", cause);
  }
}

/**
 * Mounts, as `root` in the stage, the overlay of the staged layers. The engine's own of the same must be
 * mounted nowhere by then: of two with one upper directory neither knows what the other does (overlayfs.rst,
 * "Sharing and copying layers"). Its work directory is one of its own beside the engine's, whose inodes have
 * other owners. Throws `host-unfit`.
 */
export function stageRoot(stage: string, { lower, upper, options }: Overlay): void {
  const root = join(stage, "root");
  mkdirSync(root);
  const work = workOf(upper);
  const isFirst = mkdirSync(work, { recursive: true, mode: 0o700 }) !== undefined;
  try {
    const own = [
      `lowerdir=${[...lower.keys()].join(":")}`,
      `upperdir=u/${escapeLayer(basename(upper))}`,
      "workdir=u/berth-work",
    ];
    mountFrom(layersOf(stage), () =>
      mount("overlay", root, "overlay", mountFlags.noDev, [...own, ...options].join(",")),
    );
  } catch (cause) {
    // What has not come about must not count as a root that was there.
    if (isFirst)
      for (const directory of [madeIn(work), work])
        unlessDone(() => rmdirSync(directory), ["ENOENT", "ENOTEMPTY"]);
    throw unstaged("host-unfit", cause);
  }
}

const layersOf = (stage: string) => join(stage, "layers");

function unstaged(code: "layers-unmapped" | "host-unfit", cause: unknown): BerthError {
  return new BerthError(
    code,
    `the machine's layers cannot be mounted with mapped ids: ${(cause as Error).message}`,
    {
      hint: "name the profile strict",
      cause,
    },
  );
}

const workOf = (upper: string) => join(dirname(upper), "berth-work");
/** What overlayfs makes in a work directory when it mounts. */
const madeIn = (work: string) => join(work, "work");

/** Whether these layers have been a root of `stageRoot`'s at any time. */
export function hasBeenStaged({ upper }: Overlay): boolean {
  return existsSync(madeIn(workOf(upper)));
}

/**
 * What a file system answers that maps no ids, and overlayfs of one that it cannot use (mount_setattr(2),
 * mount(2)).
 */
const unmappable = ["EINVAL", "EPERM", "EOPNOTSUPP", "ENOSYS"];

/**
 * With short names the options of more than a hundred layers fit into the page that mount(2) takes of them.
 */
function mountFrom(directory: string, work: () => void): void {
  const before = process.cwd();
  process.chdir(directory);
  try {
    work();
  } finally {
    process.chdir(before);
  }
}

/** As overlayfs wants what would end a directory's name or the option. */
const escapeLayer = (path: string) => path.replace(/[\\:,]/g, "\\$&");

function attachMapped(directory: string, place: string, userNamespace: number): void {
  mkdirSync(place);
  const clone = cloneMount(directory, false);
  try {
    makeSlave(clone);
    mapMount(clone, userNamespace, false);
    attachMount(clone, place);
  } finally {
    closeSync(clone);
  }
}

/**
 * A clone of the mount at a path, and the place for it of its kind. The path may lead elsewhere the next
 * time: it is gone once.
 */
function cloneOnto(source: string, recursive: boolean, place: string): number {
  const opened = openSync(source, pathOnly);
  try {
    if (fstatSync(opened).isDirectory()) mkdirSync(place);
    else writeFileSync(place, "");
    return cloneMount(`/proc/self/fd/${opened}`, recursive);
  } finally {
    closeSync(opened);
  }
}

/** Mounts a bind in the stage. False when its file system maps no ids: then it is mounted as it is. */
export function stageBind(
  stage: string,
  { name, source, recursive, restricted, allRestricted }: StagedBind,
  userNamespace: number,
): boolean {
  const place = join(stage, name);
  const clone = cloneOnto(source, recursive, place);
  try {
    makeSlave(clone);
    if (restricted.length > 0) restrictMount(clone, flagsOf(restricted), false);
    if (allRestricted.length > 0) restrictMount(clone, flagsOf(allRestricted), true);
    // A tree may hold mounts that map no ids (/proc, an NFS); then its top alone is mapped, or nothing.
    const isMapped =
      triesToMap(clone, userNamespace, recursive) || (recursive && triesToMap(clone, userNamespace, false));
    attachMount(clone, place);
    return isMapped;
  } finally {
    closeSync(clone);
  }
}

/**
 * Binds, as `userns` in the stage, a user namespace by its file descriptor: so it is there by a path, and for
 * as long as the stage.
 */
export function stageUserNamespace(stage: string, userNamespace: number): void {
  const place = join(stage, "userns");
  writeFileSync(place, "");
  mount(`/proc/self/fd/${userNamespace}`, place, "", mountFlags.bind, "");
}

/**
 * Binds, as `net` in the stage, the network namespace that a path names at this moment, and returns that
 * place: the path is by a process's number, which may be another's the next time. Throws `host-unfit` when it
 * is the host's, or none.
 */
export function stageNetwork(stage: string, network: string): string {
  const place = join(stage, "net");
  writeFileSync(place, "");
  try {
    mount(network, place, "", mountFlags.bind, "");
  } catch (cause) {
    throw lostNetwork(cause);
  }
  if (!isOthersNetwork(place)) throw lostNetwork();
  return place;
}

const lostNetwork = (cause?: unknown) =>
  new BerthError("host-unfit", "the container whose network the machine is to have has just ended", {
    hint: "start that one first",
    cause,
  });

/**
 * Mounts, as `sys` in the stage, the sysfs of a network namespace, read-only: it shows the links of that, and
 * no mount that the host has below its own /sys. Throws `host-unfit`.
 */
export function stageSysfs(stage: string, network: string): void {
  const place = join(stage, "sys");
  const { readOnly, noSuid, noDev, noExec } = mountFlags;
  mkdirSync(place);
  try {
    inNetworkNamespace(network, () => mount("sysfs", place, "sysfs", readOnly | noSuid | noDev | noExec, ""));
  } catch (cause) {
    throw new BerthError(
      "host-unfit",
      `the sysfs of the other container's network cannot be mounted: ${(cause as Error).message}`,
      {
        hint: "name the profile strict",
        cause,
      },
    );
  }
}

const flagsOf = (restrictions: readonly Restriction[]) =>
  restrictions.reduce((flags, name) => flags | mountFlags[name], 0);

/** False where a file system maps no ids. */
function triesToMap(clone: number, userNamespace: number, recursive: boolean): boolean {
  try {
    mapMount(clone, userNamespace, recursive);
    return true;
  } catch (error) {
    if (hasErrno(error, unmappable)) return false;
    throw error;
  }
}
