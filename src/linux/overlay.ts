import { parseOthersFuse } from "./fuse-mount.ts";
import { lastMountAt, mayBeOf, parseMountinfo } from "./mountinfo.ts";

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

/**
 * The overlay mounted at a directory, by /proc/self/mountinfo (proc_pid_mountinfo(5)). Undefined without one,
 * for one without an upper directory, and if its layers are relative to an unknown directory. `exists` checks
 * a path: an engine with many layers names them relative to its storage directory.
 */
export function parseOverlay(
  mountinfo: string,
  point: string,
  exists: (path: string) => boolean,
): Overlay | undefined {
  const line = lastMountAt(mountinfo, point);
  if (line?.type !== "overlay") return undefined;
  const options = splitOptions(line.options);
  const valuesOf = (name: string) =>
    options.flatMap((option) => (option.startsWith(`${name}=`) ? [option.slice(name.length + 1)] : []));
  const [upper] = valuesOf("upperdir").map(unescapeLayer);
  const lower = [...valuesOf("lowerdir").flatMap(splitLayers), ...valuesOf("lowerdir+").map(unescapeLayer)];
  // Data-only layers (`::`, datadir+) cannot be mapped one by one.
  const hasDataLayers = options.some(
    (option) => option.startsWith("datadir+=") || /^lowerdir=.*::/.test(option),
  );
  if (upper === undefined || lower.length === 0 || hasDataLayers) return undefined;
  const base = [upper, ...lower].every((path) => path.startsWith("/"))
    ? ""
    : baseOf(point, [upper, ...lower], exists);
  if (base === undefined) return undefined;
  const absolute = (path: string) => (path.startsWith("/") ? path : `${base}/${path}`);
  return {
    lower: lower.map(absolute),
    upper: absolute(upper),
    options: options.filter((option) => !placed.test(option)),
    mounted: {
      source: line.source,
      options: options.filter((option) => !/^(rw|ro)$/.test(option)).join(","),
      directory: base || "/",
    },
  };
}

/** Flags of the mount, and options that a mount of other directories replaces. */
const placed = /^(rw|ro|(lowerdir\+?|upperdir|workdir)=.*)$/;

/** The nearest directory above the mount point in which all relative names are there. */
function baseOf(
  point: string,
  names: readonly string[],
  exists: (path: string) => boolean,
): string | undefined {
  const relative = names.filter((name) => !name.startsWith("/"));
  const parts = point.split("/");
  for (let length = parts.length - 1; length > 1; length -= 1) {
    const base = parts.slice(0, length).join("/");
    if (relative.every((name) => exists(`${base}/${name}`))) return base;
  }
  return undefined;
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
