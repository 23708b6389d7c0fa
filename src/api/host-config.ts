import type { Mount } from "./mount.ts";

/**
 * How an engine's host runs a container: the Engine API's HostConfig, as a request has it. `Answered` of it
 * is the engine's answer. Sizes are bytes.
 */
export interface HostConfig {
  readonly Annotations?: Readonly<Record<string, string>>;
  readonly AutoRemove?: boolean;
  readonly Binds?: readonly string[];
  readonly BlkioDeviceReadBps?: readonly ThrottleDevice[];
  readonly BlkioDeviceReadIOps?: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteBps?: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteIOps?: readonly ThrottleDevice[];
  readonly BlkioWeight?: number;
  readonly BlkioWeightDevice?: readonly WeightDevice[];
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly CgroupParent?: string;
  readonly CgroupnsMode?: "" | "host" | "private";
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
  readonly CpuRealtimePeriod?: number;
  readonly CpuRealtimeRuntime?: number;
  readonly CpuShares?: number;
  readonly CpusetCpus?: string;
  readonly CpusetMems?: string;
  readonly DeviceCgroupRules?: readonly string[];
  readonly DeviceRequests?: readonly DeviceRequest[];
  readonly Devices?: readonly DeviceMapping[];
  readonly Dns?: readonly string[];
  readonly DnsOptions?: readonly string[];
  readonly DnsSearch?: readonly string[];
  readonly ExtraHosts?: readonly string[];
  readonly GroupAdd?: readonly string[];
  readonly Init?: boolean;
  readonly IpcMode?: string;
  readonly Isolation?: string;
  /** Until API 1.41; later engines pass over it. */
  readonly KernelMemory?: number;
  readonly Links?: readonly string[];
  readonly LogConfig?: LogConfig;
  readonly MaskedPaths?: readonly string[];
  readonly Memory?: number;
  readonly MemoryReservation?: number;
  /** Memory and swap together; -1 without limit. */
  readonly MemorySwap?: number;
  readonly MemorySwappiness?: number;
  readonly Mounts?: readonly Mount[];
  readonly NanoCpus?: number;
  readonly NetworkMode?: string;
  readonly OomKillDisable?: boolean;
  readonly OomScoreAdj?: number;
  readonly PidMode?: string;
  readonly PidsLimit?: number;
  readonly PortBindings?: PortMap;
  readonly Privileged?: boolean;
  readonly PublishAllPorts?: boolean;
  readonly ReadonlyPaths?: readonly string[];
  readonly ReadonlyRootfs?: boolean;
  readonly RestartPolicy?: RestartPolicy;
  readonly Runtime?: string;
  readonly SecurityOpt?: readonly string[];
  readonly ShmSize?: number;
  readonly StorageOpt?: Readonly<Record<string, string>>;
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly UTSMode?: string;
  readonly Ulimits?: readonly Ulimit[];
  readonly UsernsMode?: string;
  readonly VolumeDriver?: string;
  readonly VolumesFrom?: readonly string[];
}

/** "80/tcp" → where it is published. */
export type PortMap = Readonly<Record<string, readonly PortBinding[]>>;

export interface PortBinding {
  /** Every address of the host when empty or absent. */
  readonly HostIp?: string;
  /** A port, or a range to choose from; empty lets the engine choose any. */
  readonly HostPort: string;
}

export interface LogConfig {
  readonly Type?: string;
  readonly Config?: Readonly<Record<string, string>>;
}

export interface WeightDevice {
  readonly Path: string;
  readonly Weight: number;
}

export interface ThrottleDevice {
  readonly Path: string;
  /** Bytes, or operations, in a second. */
  readonly Rate: number;
}

export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/** Devices that a driver of the engine's hands out. */
export interface DeviceRequest {
  readonly Driver?: string;
  /** -1 for all. */
  readonly Count?: number;
  readonly DeviceIDs?: readonly string[];
  readonly Capabilities?: readonly (readonly string[])[];
  readonly Options?: Readonly<Record<string, string>>;
}

export interface RestartPolicy {
  readonly Name: "" | "no" | "always" | "unless-stopped" | "on-failure";
  readonly MaximumRetryCount?: number;
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}
