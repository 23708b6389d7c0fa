import type { Answered } from "./answered.ts";
import type { ContainerConfig } from "./container-config.ts";
import type { HostConfig, PortBinding } from "./host-config.ts";
import type { EndpointSettings } from "./network.ts";

export interface ContainerCreateResponse {
  readonly Id: string;
  readonly Warnings: readonly string[] | null;
}

export type ContainerStatus =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead";

export interface ContainerSummary {
  readonly Id: string;
  /** Each with a leading slash. */
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Unix time, seconds. */
  readonly Created: number;
  readonly Ports: readonly Port[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: ContainerStatus;
  /** For people, such as "Up 3 minutes". */
  readonly Status: string;
  readonly HostConfig: { readonly NetworkMode?: string };
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, EndpointSettings>> | null };
  /** Some engines omit it. */
  readonly Mounts?: readonly MountPoint[] | null;
  /** Only when sizes were asked for; bytes. */
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
}

export interface Port {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: "tcp" | "udp" | "sctp";
}

export interface MountPoint {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

export interface ContainerState {
  readonly Status: ContainerStatus;
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  /** PID 1 as the host sees it; 0 when it does not run. */
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  /** RFC 3339; year 1 for never. */
  readonly StartedAt: string;
  readonly FinishedAt: string;
  readonly Health?: {
    readonly Status: "none" | "starting" | "healthy" | "unhealthy";
    readonly FailingStreak: number;
  };
}

export interface ContainerInspect {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: ContainerState;
  /** The image's id. */
  readonly Image: string;
  /** With a leading slash. */
  readonly Name: string;
  readonly RestartCount: number;
  readonly Driver: string;
  readonly Platform: string;
  readonly AppArmorProfile: string;
  readonly LogPath: string;
  readonly ResolvConfPath: string;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: Answered<HostConfig>;
  readonly GraphDriver?: { readonly Name: string; readonly Data: Readonly<Record<string, string>> | null };
  readonly Mounts: readonly MountPoint[];
  readonly Config: Answered<ContainerConfig>;
  readonly NetworkSettings: NetworkSettings;
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
}

export interface NetworkSettings {
  readonly SandboxKey: string;
  /** "80/tcp" → where it is published; null where it is only exposed. */
  readonly Ports: Readonly<Record<string, readonly PortBinding[] | null>> | null;
  readonly Networks: Readonly<Record<string, EndpointSettings>>;
}

export interface ContainerWaitResponse {
  readonly StatusCode: number;
  readonly Error?: { readonly Message?: string } | null;
}

export interface ContainerTopResponse {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[] | null;
}
