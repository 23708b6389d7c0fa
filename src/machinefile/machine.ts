import type { Profile } from "#contract/profiles.ts";
import type { Capability } from "#linux/capability.ts";
import type { DeploySpec } from "./deploy.ts";
import type { Project } from "./project.ts";
import type { DeviceRate } from "./value/device-rate.ts";
import type { Publish } from "./value/publish.ts";
import type { TmpfsSpec } from "./value/tmpfs.ts";
import type { VolumeSpec } from "./value/volume.ts";

/** When the engine starts a machine again; Docker's restart policies. */
export const restartPolicies = ["no", "on-failure", "unless-stopped", "always"] as const;
export type RestartPolicy = (typeof restartPolicies)[number];

export const systems = ["debian", "ubuntu"] as const;
export type System = (typeof systems)[number];

/** mmdebstrap(1)'s package selections, from the smallest to the largest, of those that can hold an init. */
export const variants = ["essential", "apt", "minbase", "buildd", "important", "standard"] as const;
export type Variant = (typeof variants)[number];

/** What holds when nothing is written. */
export const defaults = {
  restart: "unless-stopped",
} as const satisfies { restart: RestartPolicy };

/** The one network of a fleet. */
export interface NetworkSpec {
  readonly domain: string;
  /** IPv4, in CIDR form; a free one is chosen when absent. */
  readonly subnet?: string;
  readonly gateway?: string;
}

/**
 * Where an image comes from: built from a distribution's packages, read from a root filesystem's tarball, or
 * known to the engine.
 */
export type ImageSpec = ScratchImage | TarballImage | EngineImage;

export interface ScratchImage {
  readonly base: "scratch";
  readonly os: System;
  readonly release: string;
  readonly packages: readonly string[];
  /** The URL of the package archive; the distribution's own when absent. */
  readonly mirror?: string;
  readonly variant?: Variant;
}

export interface TarballImage {
  /** A path of the host, as written until `resolvePaths`. */
  readonly tarball: string;
}

export interface EngineImage {
  readonly image: string;
}

export interface MachineSpec {
  /** One DNS label, unique in the fleet. */
  readonly name: string;
  /** A name among the fleet's images, else a reference that the engine knows; empty where there is a root. */
  readonly image: string;
  /** A folder of a node of the swarm, which then runs the machine: absolute, never `/`. */
  readonly root?: string;
  /** How the swarm runs it; there with a root. */
  readonly deploy?: DeploySpec;
  readonly hostname: string;
  /** IPv4 within the network's subnet; allocated when absent. */
  readonly address?: string;
  readonly aliases: readonly string[];
  readonly publish: readonly Publish[];
  /** Absent is the default: full where the host can, else strict, with a warning. */
  readonly profile?: Profile;
  /** How many user and group ids it has in profile full, a multiple of 65,536; that many when absent. */
  readonly ids?: number;
  /** Processors; all of the host's when absent. */
  readonly cpus?: number;
  /** Bytes. */
  readonly memory?: number;
  /** Bytes of memory and swap together; -1 is unlimited swap. */
  readonly memorySwap?: number;
  /** Bytes of /dev/shm; a share of the memory when absent. */
  readonly shmSize?: number;
  /** File systems in memory besides, or instead of, those that every machine has; one or more. */
  readonly tmpfs?: readonly TmpfsSpec[];
  readonly pids?: number;
  /** The processors it may run on, such as `0-3,6`. */
  readonly cpuset?: string;
  /** From 10 to 1000. */
  readonly blkioWeight?: number;
  readonly deviceReadBps?: readonly DeviceRate[];
  readonly deviceWriteBps?: readonly DeviceRate[];
  readonly deviceReadIops?: readonly DeviceRate[];
  readonly deviceWriteIops?: readonly DeviceRate[];
  /** Whether /proc shows the machine's own memory, processors, uptime and load; not when absent. */
  readonly lxcfs?: boolean;
  readonly volumes: readonly VolumeSpec[];
  readonly environment: Readonly<Record<string, string>>;
  /** Added to the profile's own. */
  readonly capabilities: readonly Capability[];
  readonly dependsOn: readonly string[];
  readonly restart: RestartPolicy;
  /** The init and its arguments; the image's own when absent. */
  readonly command?: readonly string[];
  /** Seconds between asking the init to stop and killing it. */
  readonly stopTimeout?: number;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Everything that one file or command line asks for. Names are unique, references among machines are sound,
 * and there is one machine or more.
 */
export interface Fleet {
  readonly project: Project;
  readonly network: NetworkSpec;
  readonly images: Readonly<Record<string, ImageSpec>>;
  readonly machines: readonly MachineSpec[];
}
