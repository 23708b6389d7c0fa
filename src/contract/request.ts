import type { NoOverlay } from "#linux/overlay.ts";
import type { LayersUnmapped } from "./obstacle.ts";
import type { Profile } from "./profiles.ts";
import type { SecurityLabels } from "./security-labels.ts";

/** What was asked for. */
export interface MachineRequest {
  /** Undefined is the default: full where that can be, else strict. */
  readonly profile: Profile | undefined;
  /** What applies the contract: berth-runtime, or the Engine API, which knows less. */
  readonly applied: "runtime" | "api";
  /** How many user and group ids the machine is to have. */
  readonly ids: number;
  /** The capabilities the engine or the user chose, canonical names. */
  readonly capabilities: readonly string[];
  /** Those that the user dropped, or `ALL`; undefined where the engine does not tell. */
  readonly dropped?: readonly string[] | undefined;
  /** The system calls that the engine's or the user's own seccomp profile refuses by name. */
  readonly refused?: readonly string[] | undefined;
  /** The labels that the engine or the user chose for its processes. */
  readonly labels?: SecurityLabels | undefined;
  /** Whether the AppArmor profile that the user named lets a process mount; undefined where none is named. */
  readonly mayMount?: boolean | undefined;
  /** Whether set-uid programs are to gain nothing in it (prctl(2), PR_SET_NO_NEW_PRIVS). */
  readonly noNewPrivileges?: boolean | undefined;
  /** The user that its init is to run as; undefined for root. */
  readonly user?: number | undefined;
  /** Whether the machine gets a terminal for /dev/console (`docker run -t`). */
  readonly terminal: boolean;
  /** 128 bits, 32 lower-case hexadecimal digits: machine-id(5) and container_uuid. */
  readonly machineId: string;
  /** The value of $container: what systemd-detect-virt says. */
  readonly manager: "docker" | "podman" | "oci";
  /** The storage of its files: an overlay whose directories can be mounted again, or why it is not one. */
  readonly storage: "overlay" | NoOverlay;
  /** What the host refused when a start of `full` was tried. */
  readonly refusal?: LayersUnmapped | undefined;
  /** Whether it has been `full` at an earlier start. */
  readonly wasFull?: boolean | undefined;
  /** Whether the engine has given it a user namespace already. */
  readonly remapped: boolean;
  /** Kinds of namespaces that it shares with the host or another container: `network`, `pid`. */
  readonly shared: readonly string[];
  /** Whether its /proc is to show its own memory, processors, uptime and load. */
  readonly lxcfs?: boolean | undefined;
  /** Its memory limit, bytes. */
  readonly memory?: number | undefined;
  /** The requested size of /dev/shm, bytes. */
  readonly shmSize?: number | undefined;
  /** Whether the machine has a network namespace of its own. */
  readonly ownNetwork: boolean;
  /**
   * Whether it gets a network that exists already, and is not the host's: another container's, or its own
   * where the engine makes that (Podman).
   */
  readonly inheritsNetwork?: boolean | undefined;
}
