import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { lastMountAt, typesAt } from "../../oci/overlay.ts";
import { inMountNamespace } from "../mount-namespace.ts";
import { cloneMount, detachMount, mount, mountFlags } from "../syscalls.ts";
import { answered, calls, ENOENT } from "./calls.ts";
import { largestTransfer } from "./protocol.ts";
import type { MirrorPlan } from "./request.ts";
import { text } from "./tree.ts";

/** As mountinfo has it: a kind of FUSE that says whose it is. */
const mirrorType = "fuse.berth";

/** Mounts a mirror that no one can use for more than to look at files: neither set-uid bits nor device files work in it. An open /dev/fuse. */
export function mountMirror(place: string): number {
  const [readWrite, nonBlocking, closeOnExec] = [2, 0x800, 0x80000];
  const device = answered(calls.open(text("/dev/fuse"), readWrite | nonBlocking | closeOnExec, 0));
  if (device < 0)
    throw new Error(
      device === -ENOENT ? "this host has no /dev/fuse: run `modprobe fuse`" : `/dev/fuse cannot be opened: errno ${-device}`,
    );
  const options = `fd=${device},rootmode=40000,user_id=0,group_id=0,default_permissions,max_read=${largestTransfer}`;
  try {
    // An engine that was started anew removes a place that it has done with. (What is mounted there is not looked at.)
    if (typeAt(place) === undefined) mkdirSync(place, { recursive: true, mode: 0o700 });
    mount("berth", place, mirrorType, mountFlags.noSuid | mountFlags.noDev, options);
    return device;
  } catch (error) {
    calls.close(device);
    throw error;
  }
}

/** A descriptor of what a process has mounted at a path: that mount alone, attached nowhere, so that nobody reaches it. */
export function cloneOf(pid: number, path: string): number {
  const namespace = openSync(`/proc/${pid}/ns/mnt`, "r");
  try {
    return inMountNamespace(namespace, () => cloneMount(path, false));
  } finally {
    closeSync(namespace);
  }
}

/** Which file system an open file is of, as mountinfo has it. Asks no file system that would have to ask others (statx(2), AT_STATX_DONT_SYNC). */
export function deviceOf(file: number): string {
  const [emptyPath, doNotAsk] = [0x1000, 0x4000];
  const status = Buffer.alloc(256);
  const result = answered(calls.statx(file, text(""), emptyPath | doNotAsk, 0, status));
  if (result < 0) throw new Error(`statx: errno ${-result}`);
  return `${status.readUInt32LE(136)}:${status.readUInt32LE(140)}`;
}

/** The kind of the topmost mount at a place; undefined where none is. Looks at no mount itself: a mirror's answers would have to come from here. */
export function typeAt(place: string, mountinfo = readMountinfo()): string | undefined {
  return lastMountAt(mountinfo, place)?.type;
}

export const readMountinfo = () => readFileSync("/proc/self/mountinfo", "utf8");

/** Takes the topmost mount away from a place, and so on as long as it is of these kinds. */
function detachAll(place: string, types: readonly string[]): void {
  for (let type = typeAt(place); type !== undefined && types.includes(type); type = typeAt(place)) detachMount(place);
}

/** Takes mirrors and overlays away from a place, in whatever order they lie there. */
export const clearPlace = (place: string) => detachAll(place, [mirrorType, "overlay"]);
/** Takes overlays away from a place, down to what they lie over. */
export const uncoverPlace = (place: string) => detachAll(place, ["overlay"]);

/** Takes a mirror away that lies straight over another. */
export function dropDoubled(place: string): void {
  const [below, top] = typesAt(readMountinfo(), place).slice(-2);
  if (below === mirrorType && top === mirrorType) detachMount(place);
}

/** How many overlays lie on each other at the top of a place. */
export function overlaysAt(place: string): number {
  const types = typesAt(readMountinfo(), place);
  return types.length - 1 - types.findLastIndex((type) => type !== "overlay");
}

/** Mounts the engine's own overlay again, as the engine has done, in the place of a mirror. */
export function giveBack({ place, overlay: { source, options, directory } }: MirrorPlan): void {
  clearPlace(place);
  const before = process.cwd();
  process.chdir(directory);
  try {
    mount(source, place, "overlay", 0, options);
  } finally {
    process.chdir(before);
  }
}
