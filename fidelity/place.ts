import { basename, join } from "node:path";
import { BerthError } from "#errors.ts";
import { engineCgroup } from "#host/embedded-engine/engine-cgroups.ts";
import type { CgroupView } from "#host/embedded-engine/options.ts";
import { type RunResult, tryRun } from "#host/process/run.ts";
import { createLab, type LabNode } from "#lab/lab.ts";
import { dist, launcher, requireBuilt } from "../bench/place.ts";
import { preparePackages } from "./package-archive.ts";
import { peerRoot, rootTarball } from "./roots.ts";

/** Debian 12 with systemd as its command, as all Docker columns boot it. */
export const image = "fidelity:latest";

/** Where machines see the packages that they install. */
export const archivePoint = "/srv/debs";

/**
 * Namespaces with an engine that has berth-runtime, in which all columns run: so all have the same kernel,
 * cgroups and capabilities.
 */
export interface Place {
  readonly node: LabNode;
  readonly cgroupView: CgroupView;
  /** Fires when all is to end. */
  readonly signal: AbortSignal;
  /** A directory for roots of machines; goes with the place. */
  readonly directory: string;
  /** The root that the image was made of. */
  readonly tarball: string;
  /**
   * A directory of Debian packages with their index, as the namespaces see it; undefined when none are
   * wanted.
   */
  readonly archive: string | undefined;
  /** The cgroup below which everything of this place is. */
  readonly cgroup: string;
  /** Which controllers there are for machines. */
  readonly controllers: readonly string[];
  /** Runs a program in the namespaces; any status is a result. */
  tryRun(command: string, ...args: readonly string[]): Promise<RunResult>;
  tryDocker(...args: readonly string[]): Promise<RunResult>;
  destroy(): Promise<void>;
}

export interface PlaceOptions {
  readonly cgroupView: CgroupView;
  /** Whether systemd-nspawn and LXC must be there. */
  readonly peers: boolean;
  /** Debian packages that machines are to install. */
  readonly packages: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Starts the engine. With peers its root is one that holds them, built for this; the host's packages stay as
 * they are.
 */
export async function createPlace({ cgroupView, peers, packages, signal }: PlaceOptions): Promise<Place> {
  await requireBuilt(launcher);
  const tarball = await rootTarball();
  const archive = packages.length === 0 ? undefined : await preparePackages(tarball, packages, signal);
  const root = peers
    ? {
        rootDirectory: await peerRoot(),
        shownDirectories: [dist, ...(archive === undefined ? [] : [archive])],
      }
    : {};
  const lab = await createLab({
    nodes: [
      {
        name: "node",
        cgroupView,
        extraConfig: { runtimes: { berth: { path: launcher } } },
        images: { [image]: tarball },
        ...root,
      },
    ],
  });
  try {
    const [node] = lab.nodes;
    if (node === undefined) throw new BerthError("internal", "the lab has no node");
    const place = await placeOn(node, {
      cgroupView,
      signal,
      tarball,
      archive: archive === undefined ? undefined : await showArchive(node, archive),
      // The one directory that the engine's root shows at its own path and that goes with the lab.
      directory: join(lab.directory, "node", "data"),
      cgroup: engineCgroup(`lab-${basename(lab.directory).replace("berth-lab-", "").toLowerCase()}-node`),
      destroy: () => lab.destroy(),
    });
    return place;
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}

type Setting = Omit<Place, "node" | "controllers" | "tryRun" | "tryDocker">;

/** A place whose engine is that of a node. */
export async function placeOn(node: LabNode, setting: Setting): Promise<Place> {
  const { signal } = setting;
  const enter = [`--target=${node.pid}`, "--mount", "--net", "--uts", "--pid", "--"];
  return {
    ...setting,
    node,
    controllers: (await node.run("sh", "-c", listControllers)).stdout.trim().split(/\s+/),
    tryRun: (command, ...args) => tryRun("nsenter", [...enter, command, ...args], { signal }),
    tryDocker: (...args) => tryRun("/usr/bin/docker", ["--host", node.socket, ...args], { signal }),
  };
}

/**
 * The cache may lie in a user's home directory, which root of a machine in a user namespace may not enter.
 */
async function showArchive(node: LabNode, archive: string): Promise<string> {
  const point = "/run/fidelity";
  await node.run("sh", "-c", 'mkdir "$1" && mount --no-mtab --bind "$2" "$1"', "sh", point, archive);
  return point;
}

/** Those of cgroup2 where machines see that alone, else those of the v1 hierarchies. */
const listControllers = `
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then cat /sys/fs/cgroup/cgroup.controllers
else awk 'NR > 1 && $4 == 1 { print $1 }' /proc/cgroups; fi`;
