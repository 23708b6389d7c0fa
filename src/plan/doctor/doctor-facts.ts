import type { Host, HostCgroup } from "#contract/host.ts";
import type { PackageManager } from "#linux/package.ts";
import type { EnginePackaging } from "#plan/engine/engine-program.ts";
import type { BuilderChoice } from "#plan/image/builder.ts";
import type { Wall } from "#plan/network/engine-wall.ts";
import type { HostNetwork } from "#plan/network/host-network.ts";
import type { NetworkFacts } from "#plan/network/network.ts";

/** The facts that `berth doctor` checks; undefined if unreadable. */
export interface DoctorFacts {
  readonly engine: EngineFacts | UnreachableEngine;
  /** The engine's host; undefined when it is another one, or in a virtual machine. */
  readonly host: HostFacts | undefined;
  readonly imageBuilder: ImageBuilderFacts;
  readonly leftovers: Leftovers;
}

/** What would build Debian's built-in images for this engine. */
export interface ImageBuilderFacts {
  readonly choice: BuilderChoice;
  /** For a container: what of it the engine has. Undefined without an engine. */
  readonly has: "builder" | "base" | "nothing" | undefined;
  /** Of the host that berth runs on. */
  readonly packageManager: PackageManager | undefined;
}

export interface UnreachableEngine {
  readonly unreachable: string;
  readonly hint: string | undefined;
}

export interface EngineFacts {
  readonly address: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly kernel: string;
  readonly cgroupVersion: string | undefined;
  /** How it keeps images: `overlay2`, `overlayfs`, `vfs`. */
  readonly storageDriver: string;
  /** Under which name berth-runtime is registered. */
  readonly runtime: string | undefined;
  readonly runtimeIsDefault: boolean;
  /** The registered program, when it is not there. */
  readonly runtimeMissing: string | undefined;
  readonly limits: { readonly memory: boolean; readonly swap: boolean; readonly pids: boolean };
  /** As the engine lists them: `name=seccomp,profile=default`. */
  readonly securityOptions: readonly string[];
  readonly forwarding: boolean | undefined;
  readonly liveRestore: boolean;
  readonly networks: readonly NetworkFacts[];
  /** Undefined where its process is not to be seen. */
  readonly packaging: EnginePackaging | undefined;
  /** As the engine names its host: `Docker Desktop`, `Debian GNU/Linux 13 (trixie)`. */
  readonly operatingSystem: string;
}

export interface HostFacts {
  readonly cgroup: HostCgroup | undefined;
  readonly userNamespaces: Host["userNamespaces"];
  readonly mapsLayers?: Host["mapsLayers"];
  readonly procCover?: Host["procCover"];
  /** Capabilities that the kernel knows and the engine may not have. */
  readonly lackingCapabilities: readonly string[] | undefined;
  readonly inotifyInstances: number | undefined;
  readonly keys: { readonly user: number; readonly root: number } | undefined;
  readonly ptys: { readonly most: number; readonly used: number } | undefined;
  readonly apparmor: boolean;
  /** Whether the kernel has berth's AppArmor profile, and whether the host has the program that loads it. */
  readonly apparmorProfile:
    | {
        readonly loaded: boolean;
        readonly parser: boolean;
        readonly packageManager: PackageManager | undefined;
      }
    | undefined;
  /** kernel.apparmor_restrict_unprivileged_userns, which Ubuntu's kernels have. */
  readonly restrictsUserns: boolean | undefined;
  readonly selinux: boolean;
  /** SELinux's boolean container_manage_cgroup. */
  readonly selinuxManageCgroup: boolean | undefined;
  readonly lxcfs: boolean;
  /** The engine's own directory; bytes. */
  readonly disk: { readonly directory: string; readonly free: number } | undefined;
  /** net.bridge.bridge-nf-call-iptables, of the engine's network namespace. */
  readonly bridgeFilter: boolean | undefined;
  /** What the engine's own firewall does before its default bridge, for IPv4; undefined if not seen. */
  readonly wall: Wall | undefined;
  readonly network: HostNetwork;
  /** Whether berth-stop.service is there; undefined where systemd does not run the host. */
  readonly stopUnit: boolean | undefined;
  readonly programs: {
    /** Whether the place for berth's own programs is on a read-only file system. */
    readonly readOnly: boolean;
    readonly fapolicyd: boolean;
    /** Whether NVIDIA's driver is loaded. */
    readonly nvidia: boolean;
  };
}

/** Leftovers of crashes, which belong to no existing machine. */
export interface Leftovers {
  /**
   * The engine's process, where it runs on this host, and what tells it from a later one of its number
   * (proc_pid_stat(5), field 22).
   */
  readonly engineProcess?: { readonly pid: number; readonly startTime: string } | undefined;
  /** State directories of removed machines, as that process names them. */
  readonly states: readonly string[];
  /** Ids of containers that were only made to look into an image. */
  readonly probes: readonly string[];
  /** Ids of containers that built roots for a berth that has ended. */
  readonly builders: readonly string[];
}

export type CheckStatus = "ok" | "warn" | "fail";

export interface Check {
  /** Stable: scripts may look for it. */
  readonly id: string;
  readonly title: string;
  readonly status: CheckStatus;
  readonly detail: string;
  /** What to do; none when it is ok. */
  readonly hint: string | undefined;
}
