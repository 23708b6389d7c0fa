import type { Contract } from "#contract/contract.ts";
import type { OciHook, OciMount } from "#oci/config.ts";
import type { Isolation } from "#oci/isolation/config.ts";

/** All that `patchConfig` writes into a config.json. */
export interface ConfigPatch {
  readonly contract: Contract;
  readonly hostPaths: HostPaths;
  /** The container's own mounts that it keeps (`planEngineFiles`). */
  readonly mounts: readonly OciMount[];
  /** Undefined for a machine without a user namespace of its own. */
  readonly isolation: Isolation | undefined;
  /** Run after the container's end, behind the hooks that are there; undefined for none. */
  readonly poststop: OciHook | undefined;
}

/** Host paths that berth-runtime prepared for the contract; undefined where the contract needs none. */
export interface HostPaths {
  /** The container's id, as the runtime was called with. */
  readonly id: string;
  /** Where the named v1 hierarchy and cgroup2 are mounted on the host. */
  readonly named: string | undefined;
  readonly unified: string | undefined;
  /** A directory of links to /dev/null named as units, one named as generators. */
  readonly maskedUnits: string | undefined;
  readonly maskedGenerators: string | undefined;
  /** A directory with a drop-in for logind. */
  readonly login: string | undefined;
  /** A directory for /run/host. */
  readonly runHost: string;
  /** A file that covers the image's /etc/machine-id; undefined where the contract leaves that alone. */
  readonly machineId: string | undefined;
}
