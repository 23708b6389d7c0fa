import { readFileSync, rmSync } from "node:fs";
import { abortConnection } from "#host/namespace/fuse-connection.ts";
import { detachMount, mount } from "#host/syscall/syscalls.ts";
import { lastMountAt, type MountEntry, mountsAt } from "#linux/mountinfo.ts";
import { volatileMark } from "#linux/overlay.ts";
import type { MirrorPlan } from "./request.ts";

/*
 * What is mounted in the place that the engine has a machine's files at. Apart from the server's own calls,
 * whose loading a machine's start would wait for.
 */

/** As mountinfo has it: a kind of FUSE that says whose it is. */
export const mirrorType = "fuse.berth";

/**
 * The kind of the topmost mount at a place; undefined where none is. Looks at no mount itself: a mirror's
 * answers would have to come from here.
 */
export const typeAt = (place: string): string | undefined => lastMountAt(readMountinfo(), place)?.type;

export const readMountinfo = () => readFileSync("/proc/self/mountinfo", "utf8");

/** The source of a decoy's mount, which tells it from an engine's. */
export const decoySource = "berth-decoy";

export const isOfDecoy = ({ type, source }: MountEntry) => type === "overlay" && source === decoySource;

/** Whether a mount is an overlay of an engine's. */
export const isOfEngine = (mount: MountEntry) => mount.type === "overlay" && !isOfDecoy(mount);

export const hasDecoy = (place: string): boolean => mountsAt(readMountinfo(), place).some(isOfDecoy);

/** Unmounts the topmost mount of a place, repeatedly while it is such a one. */
function detachAll(place: string, isSuch: (mount: MountEntry) => boolean): void {
  for (
    let top = lastMountAt(readMountinfo(), place);
    top !== undefined && isSuch(top);
    top = lastMountAt(readMountinfo(), place)
  )
    detachMount(place);
}

/** Which file systems the mirrors at a place are, as mountinfo has it, the topmost last. */
export const mirrorsAt = (place: string): readonly string[] =>
  mountsAt(readMountinfo(), place).flatMap(({ type, device }) => (type === mirrorType ? [device] : []));

/** Unmounts mirrors and overlays of a place in any order. Releases blocked readers of such a mirror. */
export const clearPlace = (place: string) =>
  endMirrors(place, ({ type }) => type === mirrorType || type === "overlay");

/** Unmounts the mirrors and decoys on top of a place. Releases blocked readers of any mirror there. */
export const dropMirrors = (place: string) =>
  endMirrors(place, (mount) => mount.type === mirrorType || isOfDecoy(mount));

function endMirrors(place: string, isSuch: (mount: MountEntry) => boolean): void {
  try {
    // A killed server may have left a mirror with unanswered requests.
    for (const device of mirrorsAt(place)) abortConnection(device);
  } finally {
    detachAll(place, isSuch);
  }
}

/** Takes an engine's overlays away from a place, down to what they lie over. */
export const uncoverPlace = (place: string) => detachAll(place, isOfEngine);

/** Takes a decoy away from the top of a place. */
export const dropDecoy = (place: string) => detachAll(place, isOfDecoy);

/** Takes a mirror away that lies straight over another. */
export function dropDoubled(place: string): void {
  const [below, top] = mountsAt(readMountinfo(), place).slice(-2);
  if (below?.type === mirrorType && top?.type === mirrorType) detachMount(place);
}

/** How many overlays of an engine lie on each other at the top of a place. */
export function overlaysAt(place: string): number {
  const mounts = mountsAt(readMountinfo(), place);
  return mounts.length - 1 - mounts.findLastIndex((mount) => !isOfEngine(mount));
}

/** Mounts the engine's own overlay again, as the engine has done, in the place of a mirror. */
export function giveBack({ place, overlay: { source, options, directory } }: MirrorPlan): void {
  clearPlace(place);
  const mark = volatileMark(options);
  const before = process.cwd();
  process.chdir(directory);
  try {
    // As containers/storage does: nothing is lost, since no crash came between.
    if (mark !== undefined) rmSync(mark, { recursive: true, force: true });
    mount(source, place, "overlay", 0, options);
  } finally {
    process.chdir(before);
  }
}
