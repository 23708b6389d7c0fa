/**
 * How a service's name is answered: by its task's own address (`dnsrr`), or by a virtual address before it
 * (`vip`).
 */
export const endpointModes = ["dnsrr", "vip"] as const;
/** When the swarm starts a service's task again. */
export const restartConditions = ["any", "on-failure", "none"] as const;
/** What the swarm does with an update that fails. */
export const updateFailureActions = ["pause", "continue", "rollback"] as const;
/** What it does with a rollback that fails. */
export const rollbackFailureActions = ["pause", "continue"] as const;

/** How a machine is run as a service of a swarm. All times are seconds. */
export interface DeploySpec {
  /** The host name of the node that has the root. */
  readonly node?: string;
  /** Further placement constraints, such as `node.labels.disk==ssd`. */
  readonly constraints: readonly string[];
  /** Overlay networks. */
  readonly networks: readonly string[];
  readonly endpointMode: (typeof endpointModes)[number];
  /** A root takes one machine at a time. */
  readonly replicas: number;
  readonly restart: ServiceRestart;
  readonly update: ServiceUpdate;
  readonly rollback: ServiceUpdate;
  /** Of the loader, not of the machine. */
  readonly limits: ServiceResources;
  readonly reservations: ServiceResources;
  readonly secrets: readonly MountedFile[];
  readonly configs: readonly MountedFile[];
  /** From the loader's stop signal to its SIGKILL. */
  readonly stopGracePeriod: number;
  readonly logDriver?: string;
  readonly logOptions: Readonly<Record<string, string>>;
  /** The loader's image; that of this version of berth when absent. */
  readonly image?: string;
}

export interface ServiceRestart {
  readonly condition: (typeof restartConditions)[number];
  readonly delay: number;
  /** 0 is without end. */
  readonly maxAttempts: number;
  /** How long a task must have run to count as started; 0 is not at all. */
  readonly window: number;
}

export interface ServiceUpdate {
  readonly delay: number;
  readonly failureAction: (typeof updateFailureActions)[number];
  /** How long a new task is watched for failure. */
  readonly monitor: number;
}

export interface ServiceResources {
  readonly cpus?: number;
  /** Bytes. */
  readonly memory?: number;
  readonly pids?: number;
}

/** A secret or config of the swarm as a file. */
export interface MountedFile {
  /** Its name in the swarm. */
  readonly source: string;
  readonly target: string;
  readonly uid: string;
  readonly gid: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Defaults; Docker's own except for the endpoint. */
export const deployDefaults = {
  // There is one task, so there is nothing to balance; its name then leads to the address that it also speaks
  // from, on every port and protocol.
  endpointMode: "dnsrr",
  restart: { condition: "any", delay: 5, maxAttempts: 0, window: 0 },
  update: { delay: 0, failureAction: "pause", monitor: 5 },
  /** systemd gives units 90 s to stop (systemd-system.conf(5), DefaultTimeoutStopSec=). */
  stopTimeout: 90,
  /** What the loader has left to tidy up. */
  loaderTime: 10,
  fileMode: 0o444,
} as const;
