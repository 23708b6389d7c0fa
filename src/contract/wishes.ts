import type { Profile } from "../spec/machine.ts";

/** What was asked for. */
export interface Wishes {
  readonly profile: Profile;
  /** The capabilities the engine or the user chose, canonical names. */
  readonly capabilities: readonly string[];
  /** Whether the machine gets a terminal for /dev/console (`docker run -t`). */
  readonly terminal: boolean;
  /** 128 bits, 32 lower-case hexadecimal digits: machine-id(5) and container_uuid. */
  readonly machineId: string;
  /** The value of $container: what systemd-detect-virt says. */
  readonly manager: "docker" | "podman" | "oci";
  /** Whether the machine has a network namespace of its own. */
  readonly ownNetwork: boolean;
}
