import type { Profile } from "#contract/profiles.ts";
import type { DockerFlags } from "#docker-flags/flags.ts";
import type { Capability } from "#linux/capability.ts";
import type { Publish } from "#machinefile/value/publish.ts";
import type { VolumeSpec } from "#machinefile/value/volume.ts";

/** A machine as the labels of a service's container ask for it. */
export interface LoaderSpec {
  /**
   * The folder of the host that is its root: absolute, in its shortest form, never `/`. Without one there is
   * an image.
   */
  readonly root?: string;
  /** An image of the engine that is run instead of one made of the folder. */
  readonly image?: string;
  /** PID 1's program, and its arguments. */
  readonly command: readonly string[];
  readonly volumes: readonly VolumeSpec[];
  /** Path → mount options, as the Engine API has them. */
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly publish: readonly Publish[];
  readonly environment: Readonly<Record<string, string>>;
  readonly capabilities: readonly Capability[];
  readonly profile?: Profile;
  readonly ids?: number;
  /** The directory where lxcfs is mounted. */
  readonly lxcfs?: string;
  readonly hostname?: string;
  /** A Linux signal number; the init's own when absent. */
  readonly stopSignal?: number;
  /** Seconds that a machine has to stop when its loader was killed. */
  readonly stopTimeout?: number;
  /** Processors. */
  readonly cpus?: number;
  readonly cpuset?: string;
  /** Bytes. */
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly pids?: number;
  readonly flags: DockerFlags;
  /** The machine's name in a machine file. */
  readonly machine?: string;
  /** What was asked for and is left out, since the machine has it of itself; each one sentence. */
  readonly notes: readonly string[];
}
