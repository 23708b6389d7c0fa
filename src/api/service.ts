import type { Mount } from "./mount.ts";

/** Engine API, "ServiceSpec": what berth sends and reads of it. Times are nanoseconds. */
export interface ServiceSpec {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly TaskTemplate: TaskSpec;
  readonly Mode?: { readonly Replicated?: { readonly Replicas?: number }; readonly Global?: object };
  readonly UpdateConfig?: UpdateConfig;
  readonly RollbackConfig?: UpdateConfig;
  readonly EndpointSpec?: { readonly Mode?: "vip" | "dnsrr" };
}

export interface TaskSpec {
  readonly ContainerSpec?: ContainerSpec;
  readonly Resources?: { readonly Limits?: ServiceAmounts; readonly Reservations?: ServiceAmounts };
  readonly RestartPolicy?: {
    readonly Condition?: "none" | "on-failure" | "any";
    readonly Delay?: number;
    readonly MaxAttempts?: number;
    readonly Window?: number;
  };
  readonly Placement?: { readonly Constraints?: readonly string[] };
  /** By the network's id. */
  readonly Networks?: readonly { readonly Target: string; readonly Aliases?: readonly string[] }[];
  readonly LogDriver?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> };
  /** Of services alone, such as `container`. */
  readonly Runtime?: string;
  /** Counts the updates that were forced. */
  readonly ForceUpdate?: number;
}

export interface ContainerSpec {
  readonly Image: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly TTY?: boolean;
  readonly Init?: boolean;
  readonly Mounts?: readonly Mount[];
  readonly StopGracePeriod?: number;
  readonly Secrets?: readonly {
    readonly File?: SwarmFile;
    readonly SecretID: string;
    readonly SecretName: string;
  }[];
  readonly Configs?: readonly {
    readonly File?: SwarmFile;
    readonly ConfigID: string;
    readonly ConfigName: string;
  }[];
}

export interface SwarmFile {
  readonly Name: string;
  readonly UID: string;
  readonly GID: string;
  readonly Mode: number;
}

export interface ServiceAmounts {
  readonly NanoCPUs?: number;
  readonly MemoryBytes?: number;
  readonly Pids?: number;
}

export interface UpdateConfig {
  readonly Parallelism: number;
  readonly Delay?: number;
  readonly FailureAction?: "pause" | "continue" | "rollback";
  readonly Monitor?: number;
  readonly MaxFailureRatio?: number;
  readonly Order?: "stop-first" | "start-first";
}

export interface Service {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  /** RFC 3339. */
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly Spec: ServiceSpec;
  readonly PreviousSpec?: ServiceSpec | null;
  readonly UpdateStatus?: {
    readonly State?:
      | "updating"
      | "paused"
      | "completed"
      | "rollback_started"
      | "rollback_paused"
      | "rollback_completed";
    readonly Message?: string;
  } | null;
}
