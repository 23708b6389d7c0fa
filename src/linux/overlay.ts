import { parseOthersFuse } from "./fuse-mount.ts";
import { lastMountAt, mayBeOf, parseMountinfo } from "./mountinfo.ts";
import { isAt } from "./path.ts";

/**
 * An overlay mount's parts (Documentation/filesystems/overlayfs.rst): absolute directories, lower ones from
 * the top down.
 */
export interface Overlay {
  readonly lower: readonly string[];
  readonly upper: string;
  /** Its other options, such as `index=off` or SELinux's `context="…"`. */
  readonly options: readonly string[];
  /** How it was mounted: the source, all options, and the directory that names of layers are relative to. */
  readonly mounted: { readonly source: string; readonly options: string; readonly directory: string };
}

/**
 * Names that engines give the root of a container: Docker's and Podman's storage, containerd. The host may
 * have other overlays, such as at /usr or /etc.
 */
const containersPlace = /\/(merged|rootfs)$/;

/**
 * Mount points of other containers' overlays that an unmount in another mount namespace would not remove
 * here. Skip those below another user's FUSE: only that user decides whether a lookup returns.
 */
export function otherOverlays(mountinfo: string, point: string): readonly string[] {
  const others = parseOthersFuse(mountinfo).map((other) => `${other.point}/`);
  return parseMountinfo(mountinfo, mayBeOf("overlay ")).flatMap(({ point: place, isPropagated }) =>
    isPropagated ||
    place === point ||
    !containersPlace.test(place) ||
    others.some((other) => place.startsWith(other))
      ? []
      : [place],
  );
}

/** Why a directory's layers cannot be mounted again. */
export type NoOverlay =
  /** It is not an overlay; of another type, where something is mounted there. */
  | { readonly fault: "other-type"; readonly type: string | undefined }
  /** It has no upper directory; has layers of data alone (composefs). */
  | { readonly fault: "read-only" | "data-layers" }
  /** The name of a layer leads anywhere: relative to an unknown directory, or into another's /proc. */
  | { readonly fault: "unknown-layers" };

/**
 * The overlay mounted at a directory, by /proc/self/mountinfo (proc_pid_mountinfo(5)). `exists` checks a
 * path: an engine with many layers names them relative to its storage directory, and older kernels lack
 * options of overlayfs.
 */
export function parseOverlay(
  mountinfo: string,
  point: string,
  exists: (path: string) => boolean,
): Overlay | NoOverlay {
  const line = lastMountAt(mountinfo, point);
  if (line?.type !== "overlay") return { fault: "other-type", type: line?.type };
  const options = splitOptions(line.options);
  const valuesOf = (name: string) =>
    options.flatMap((option) => (option.startsWith(`${name}=`) ? [option.slice(name.length + 1)] : []));
  const [upper] = valuesOf("upperdir").map(unescapeLayer);
  const lower = [...valuesOf("lowerdir").flatMap(splitLayers), ...valuesOf("lowerdir+").map(unescapeLayer)];
  // Data-only layers (`::`, datadir+) cannot be mapped one by one.
  const hasDataLayers = options.some(
    (option) => option.startsWith("datadir+=") || /^lowerdir=.*::/.test(option),
  );
  if (hasDataLayers) return { fault: "data-layers" };
  if (upper === undefined || lower.length === 0) return { fault: "read-only" };
  const base = baseOf(point, [upper, ...lower], exists);
  if (base === undefined) return { fault: "unknown-layers" };
  const absolute = (path: string) => (isAbsolute(path) ? path : `${base}/${path}`);
  return {
    lower: lower.map(absolute),
    upper: absolute(upper),
    options: [
      ...options.filter((option) => !placed.test(option)),
      ...(exists("/sys/module/overlay/parameters/index") ? ["index=off"] : []),
    ],
    mounted: {
      source: line.source,
      options: options.filter((option) => !/^(rw|ro)$/.test(option)).join(","),
      directory: base || "/",
    },
  };
}

/**
 * Flags of the mount, and options that a mount of other directories replaces. So does it `volatile`, whose
 * mark in the work directory would prevent the machine's next start, and `index` with what needs it: an index
 * binds the upper directory to the engine's own mount.
 */
const placed = /^(rw|ro|(fsync=)?volatile|(lowerdir\+?|upperdir|workdir|index|nfs_export)=.*)$/;

/**
 * The directory that relative names are in: the nearest one above the mount point, or above an absolute
 * layer, in which all of them are. Empty if none is relative. Undefined also for a layer below /proc, which
 * this process sees another way: containers/storage names open files there.
 */
function baseOf(
  point: string,
  names: readonly string[],
  exists: (path: string) => boolean,
): string | undefined {
  if (names.some((name) => isAt("/proc", name))) return undefined;
  const relative = names.filter((name) => !isAbsolute(name));
  if (relative.length === 0) return "";
  return [point, ...names.filter(isAbsolute)]
    .flatMap(directoriesAbove)
    .find((base) => relative.every((name) => exists(`${base}/${name}`)));
}

/** From the nearest up, without the root. */
function directoriesAbove(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.map((_, at) => parts.slice(0, -1 - at).join("/")).filter((directory) => directory !== "");
}

const isAbsolute = (path: string) => path.startsWith("/");

/**
 * The directory by which the kernel refuses a second mount of a volatile overlay with these options
 * (overlayfs.rst, "Volatile mount"); undefined for others.
 */
export function volatileMark(text: string): string | undefined {
  const options = splitOptions(text);
  const work = options.find((option) => option.startsWith("workdir="))?.slice("workdir=".length);
  // The second is its newer name.
  return work === undefined || !options.some((option) => /^(fsync=)?volatile$/.test(option))
    ? undefined
    : `${unescapeLayer(work)}/work/incompat/volatile`;
}

/** Options are apart by commas; one in double quotes, or after a backslash, belongs to a value. */
function splitOptions(text: string): readonly string[] {
  return text.match(/(?:\\.|"[^"]*"|[^,\\"])+/g) ?? [];
}

/** Layers are apart by colons. */
function splitLayers(value: string): readonly string[] {
  return (value.match(/(?:\\.|[^:\\])+/g) ?? []).map(unescapeLayer);
}

const unescapeLayer = (path: string) => path.replace(/\\(.)/g, "$1");
