import type { DockerFlags } from "#docker-flags/flags.ts";
import type { MachineSpec } from "#machinefile/machine.ts";

/** Fields that a service's machine has of its service, or that are of another type here. */
type Otherwise =
  | "name"
  | "address"
  | "aliases"
  | "dependsOn"
  | "restart"
  | "labels"
  | "deploy"
  | "tmpfs"
  | "lxcfs";

type Lists = "command" | "volumes" | "publish" | "environment" | "capabilities";

/** A machine as the labels of a service's container ask for it; what is not here is as in a machine file. */
export interface LoaderSpec
  extends Partial<Omit<MachineSpec, Otherwise | Lists>>,
    Required<Pick<MachineSpec, Lists>> {
  /** The folder of the host that is its root. Without one there is an image. */
  readonly root?: string;
  /** An image of the engine that is run instead of one made of the folder. */
  readonly image?: string;
  /** Path → mount options, as the Engine API has them. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** The directory where lxcfs is mounted. */
  readonly lxcfs?: string;
  /** A Linux signal number; the init's own when absent. */
  readonly stopSignal?: number;
  readonly flags: DockerFlags;
  /** The machine's name in a machine file. */
  readonly machine?: string;
  /** Ignored requests, each one sentence. */
  readonly notes: readonly string[];
}
