import { isAbsolute, join } from "node:path";
import { BerthError } from "#errors.ts";

/** The cgroup tree that the engine sees: the host's (v1, hybrid or v2), or cgroup2 only. */
export type CgroupView = "host" | "v2";

/** Where an embedded engine is; enough to stop it and to ask for its status. */
export interface EmbeddedEnginePlace {
  /** Lower-case letters, digits, `_`, `.` and `-`; names its unit and its cgroups: `berth-engine-NAME`. */
  readonly name: string;
  /** Socket, log and identity of the running engine. Absolute; stays, empty, after a stop. */
  readonly stateDirectory: string;
  /** Images, machines and daemon.json. Absolute; belongs to the engine alone. */
  readonly dataDirectory: string;
}

export interface EmbeddedEngineOptions extends EmbeddedEnginePlace {
  /** `host` by default. */
  readonly cgroupView?: CgroupView;
  /** A way out through slirp4netns, with DNS; none by default. */
  readonly uplink?: boolean;
  /**
   * The address and prefix of the engine's default bridge (example: `172.20.0.1/16`); Docker's choice by
   * default.
   */
  readonly bridgeAddress?: string;
  /** A root filesystem with another dockerd to run instead of the host's. It is not changed. */
  readonly rootDirectory?: string;
  /** Directories of the host that stay in sight, at their own path, when `rootDirectory` is given. */
  readonly shownDirectories?: readonly string[];
  /**
   * Directories of the host that the engine has, read-only, for the files of image layers in its data: by the
   * layers' names in its overlay2, in which their `diff` is empty.
   */
  readonly lentLayers?: Readonly<Record<string, string>>;
  /** Settings for daemon.json, merged over those of earlier starts. */
  readonly extraConfig?: Readonly<Record<string, unknown>>;
  /** The engine's own host name (its name as a swarm node); the host's by default. */
  readonly hostname?: string;
  /** Whether the engine dies with the calling process, even by SIGKILL; by default it outlives it. */
  readonly endsWithCaller?: boolean;
}

/**
 * The product's own places: /run/berth/engine and /var/lib/berth/engine, with `-NAME` after them for other
 * names than `default`.
 */
export function defaultEmbeddedEngine(name = "default"): EmbeddedEnginePlace {
  const directory = name === "default" ? "engine" : `engine-${name}`;
  return {
    name,
    stateDirectory: join("/run/berth", directory),
    dataDirectory: join("/var/lib/berth", directory),
  };
}

/** The engine's files in its state and data directories. */
export function enginePaths(place: EmbeddedEnginePlace) {
  const state = (file: string) => join(place.stateDirectory, file);
  return {
    socket: state("docker.sock"),
    log: state("engine.log"),
    init: state("init"),
    uplink: state("uplink"),
    uplinkReady: state("uplink.ready"),
    resolvConf: state("resolv.conf"),
    settings: state("settings.json"),
    environment: state("environment"),
    config: join(place.dataDirectory, "daemon.json"),
    dataRoot: join(place.dataDirectory, "docker"),
  } as const;
}

/** Throws `usage` for names and paths that the kernel or dockerd would refuse in their own words later. */
export function checkPlace(place: EmbeddedEnginePlace): void {
  if (!/^[a-z0-9][a-z0-9_.-]{0,63}$/.test(place.name)) {
    throw new BerthError("usage", `invalid engine name "${place.name}" (example: ci-2)`, {
      hint: "Use lower-case letters, digits, _ . and -.",
    });
  }
  for (const path of [place.stateDirectory, place.dataDirectory]) checkPath(path);
  const { socket } = enginePaths(place);
  // sun_path, unix(7)
  if (Buffer.byteLength(socket) > 107) {
    throw new BerthError("usage", `socket path ${socket} is too long`, {
      hint: "Choose a state directory with a shorter path.",
    });
  }
}

/** As `checkPlace`, for all options of a start. */
export function checkOptions(options: EmbeddedEngineOptions): void {
  checkPlace(options);
  for (const path of options.shownDirectories ?? []) checkPath(path);
  for (const path of Object.values(options.lentLayers ?? {})) checkPath(path);
  if (options.rootDirectory === undefined) return;
  checkPath(options.rootDirectory);
  for (const path of [options.rootDirectory, options.stateDirectory]) {
    if (/[,:\\]/.test(path))
      throw new BerthError("usage", `invalid path ${path}: overlay mounts allow no , : or \\`);
  }
}

function checkPath(path: string): void {
  if (!isAbsolute(path) || path === "/" || path.includes("\n")) {
    throw new BerthError("usage", `${JSON.stringify(path)} must be an absolute path below /`);
  }
}
