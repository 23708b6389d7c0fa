import { closeSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LayersUnmapped } from "#contract/obstacle.ts";
import { BerthError } from "#errors.ts";
import {
  attachMount,
  cloneMount,
  detachMount,
  makeSlave,
  mapMount,
  mount,
  mountFlags,
} from "#host/syscall/syscalls.ts";
import type { Overlay } from "#linux/overlay.ts";
import { ignoreDone } from "./ignore-done.ts";
import { mapsNoIds } from "./unmappable.ts";

/**
 * Mounts an overlay's layers in the stage with mapped ids. Returns the obstacle if their file system cannot
 * map ids, which shows only now. Throws `host-unfit` for other failures, which a machine may have caused.
 */
export function stageLayers(
  stage: string,
  { lower, upper }: Overlay,
  userNamespace: number,
): LayersUnmapped | undefined {
  const layers = layersOf(stage);
  mkdirSync(layers, { mode: 0o700 });
  try {
    for (const [index, directory] of lower.entries())
      attachMapped(directory, join(layers, String(index)), userNamespace);
    // The upper and the work directory must be on one mount.
    attachMapped(dirname(upper), join(layers, "u"), userNamespace);
  } catch (cause) {
    if (!mapsNoIds(cause)) throw unstaged(cause);
    return { code: "layers-unmapped", call: cause.syscall ?? "", errno: cause.code ?? "" };
  }
  return undefined;
}

/** Written where overlayfs has refused layers with mapped ids, which holds until the next boot. */
export const unmappedLayers = "/run/berth/unmapped-layers";

/**
 * Tries an overlay of a staged layer, which kernels before 5.19 may refuse: before the engine's own mount is
 * given up. Returns the obstacle, and notes it for later starts.
 */
export function tryLayers(stage: string): LayersUnmapped | undefined {
  const layers = layersOf(stage);
  const place = join(layers, "try");
  mkdirSync(place);
  try {
    // Without an upper directory overlayfs needs two.
    mountFrom(layers, () => mount("overlay", place, "overlay", mountFlags.readOnly, "lowerdir=0:try"));
  } catch (cause) {
    if (!mapsNoIds(cause)) throw unstaged(cause);
    writeFileSync(unmappedLayers, "");
    return { code: "layers-unmapped", call: cause.syscall ?? "", errno: cause.code ?? "" };
  }
  detachMount(place);
  return undefined;
}

/**
 * Mounts the overlay of the staged layers as `root` in the stage. Unmount the engine's own first: two
 * overlays with one upper directory corrupt each other (overlayfs.rst, "Sharing and copying layers"). Uses
 * its own work directory beside the engine's, whose inodes have other owners. Throws `host-unfit`.
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
    // A failed mount must not count as an earlier root.
    if (isFirst)
      for (const directory of [madeIn(work), work])
        ignoreDone(() => rmdirSync(directory), ["ENOENT", "ENOTEMPTY"]);
    throw unstaged(cause);
  }
}

const layersOf = (stage: string) => join(stage, "layers");

function unstaged(cause: unknown): BerthError {
  return new BerthError(
    "host-unfit",
    `cannot mount the machine's layers with mapped ids: ${(cause as Error).message}`,
    {
      hint: "use profile strict",
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
