import type { Engine } from "./connection/engine.ts";
import { request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

export interface Version {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly GitCommit?: string;
  readonly GoVersion?: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion?: string;
  readonly Platform?: { readonly Name: string };
  readonly Components?: readonly {
    readonly Name: string;
    readonly Version: string;
    readonly Details?: Readonly<Record<string, string>> | null;
  }[];
}

/** What berth reads of GET /info. */
export interface SystemInfo {
  readonly ID: string;
  readonly Name: string;
  readonly ServerVersion: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly Images: number;
  readonly Driver: string;
  readonly DriverStatus: readonly (readonly [string, string])[] | null;
  readonly DockerRootDir: string;
  readonly OSType: string;
  readonly OperatingSystem: string;
  readonly Architecture: string;
  readonly KernelVersion: string;
  /** The clock of the engine's host (RFC 3339). */
  readonly SystemTime?: string;
  readonly NCPU: number;
  /** Bytes. */
  readonly MemTotal: number;
  readonly CgroupDriver: "cgroupfs" | "systemd" | "none";
  readonly CgroupVersion?: "1" | "2";
  readonly MemoryLimit: boolean;
  readonly SwapLimit: boolean;
  readonly PidsLimit?: boolean;
  readonly Runtimes: Readonly<
    Record<string, { readonly path?: string; readonly runtimeArgs?: readonly string[] | null }>
  >;
  readonly DefaultRuntime: string;
  /**
   * Such as "name=seccomp,profile=default", "name=apparmor", "name=userns", "name=rootless", "name=cgroupns".
   */
  readonly SecurityOptions: readonly string[];
  readonly Swarm: {
    readonly LocalNodeState: "inactive" | "pending" | "active" | "error" | "locked";
    /** Whether it is a manager. */
    readonly ControlAvailable: boolean;
    /** Empty outside of a swarm. */
    readonly NodeID?: string;
  };
  readonly LiveRestoreEnabled: boolean;
  readonly Labels: readonly string[] | null;
  readonly Plugins?: {
    readonly Network?: readonly string[] | null;
    readonly Volume?: readonly string[] | null;
  };
  readonly Warnings: readonly string[] | null;
}

export function readVersion(engine: Engine, options: Abortable = {}): Promise<Version> {
  return request(engine, { path: "/version", signal: options.signal });
}

export function readInfo(engine: Engine, options: Abortable = {}): Promise<SystemInfo> {
  return request(engine, { path: "/info", signal: options.signal });
}
