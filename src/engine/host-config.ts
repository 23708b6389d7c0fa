/** The parts of the Engine API's HostConfig that berth sets or reads, under the API's own names. Sizes are bytes. */
export interface HostConfig {
  readonly Runtime?: string;
  readonly Binds?: readonly string[] | null;
  readonly Mounts?: readonly Mount[];
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly VolumesFrom?: readonly string[] | null;
  readonly NetworkMode?: string;
  readonly PortBindings?: PortMap;
  readonly PublishAllPorts?: boolean;
  readonly RestartPolicy?: RestartPolicy;
  readonly AutoRemove?: boolean;
  readonly CapAdd?: readonly string[] | null;
  readonly CapDrop?: readonly string[] | null;
  readonly SecurityOpt?: readonly string[] | null;
  readonly Privileged?: boolean;
  readonly MaskedPaths?: readonly string[] | null;
  readonly ReadonlyPaths?: readonly string[] | null;
  readonly UsernsMode?: string;
  readonly PidMode?: string;
  readonly IpcMode?: string;
  readonly UTSMode?: string;
  readonly CgroupnsMode?: "private" | "host" | "";
  readonly CgroupParent?: string;
  readonly NanoCpus?: number;
  readonly CpuShares?: number;
  readonly CpusetCpus?: string;
  readonly Memory?: number;
  readonly MemoryReservation?: number;
  /** Memory and swap together; -1 without limit. */
  readonly MemorySwap?: number;
  readonly ShmSize?: number;
  readonly PidsLimit?: number | null;
  readonly OomScoreAdj?: number;
  readonly BlkioWeight?: number;
  readonly Devices?: readonly DeviceMapping[] | null;
  readonly DeviceCgroupRules?: readonly string[] | null;
  readonly Ulimits?: readonly Ulimit[] | null;
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly StorageOpt?: Readonly<Record<string, string>>;
  readonly Init?: boolean | null;
  readonly ReadonlyRootfs?: boolean;
  readonly GroupAdd?: readonly string[] | null;
  readonly ExtraHosts?: readonly string[] | null;
  readonly Dns?: readonly string[] | null;
  readonly DnsOptions?: readonly string[] | null;
  readonly DnsSearch?: readonly string[] | null;
  readonly LogConfig?: LogConfig;
  /** From API 1.43. */
  readonly Annotations?: Readonly<Record<string, string>>;
}

export interface Mount {
  readonly Type: "bind" | "volume" | "tmpfs" | "image" | "npipe" | "cluster";
  readonly Target: string;
  readonly Source?: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: {
    readonly Propagation?: "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";
    readonly NonRecursive?: boolean;
    readonly CreateMountpoint?: boolean;
    readonly ReadOnlyNonRecursive?: boolean;
    readonly ReadOnlyForceRecursive?: boolean;
  };
  readonly VolumeOptions?: {
    readonly NoCopy?: boolean;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly Subpath?: string;
    readonly DriverConfig?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> };
  };
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
}

/** "80/tcp" → where it is published; null where it is only exposed. */
export type PortMap = Readonly<Record<string, readonly PortBinding[] | null>>;

export interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

export interface RestartPolicy {
  readonly Name?: "" | "no" | "always" | "unless-stopped" | "on-failure";
  readonly MaximumRetryCount?: number;
}

export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

export interface LogConfig {
  readonly Type?: string;
  readonly Config?: Readonly<Record<string, string>>;
}
