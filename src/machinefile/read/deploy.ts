import { parseRootFolder } from "#machinefile/value/root-folder.ts";
import { usageError } from "#usage.ts";

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

/** What holds when nothing is written; Docker's own but for the endpoint. */
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

/**
 * A root as a machine file names it. It is without "..", which may lead elsewhere than it looks where a link
 * is on the way; labels may have it, as foreign-root-loader's do.
 */
export function parseRoot(text: string): string {
  const path = parseRootFolder(text);
  if (text.split("/").includes("..")) throw usageError(`"${text}": write a root without ".."`);
  return path;
}

/** A node's host name, in the characters that a constraint can hold. */
export function parseNode(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text))
    throw usageError(`"${text}" is not a node's host name; \`docker node ls\` shows them`);
  return text;
}

/** A placement constraint as `docker service create --constraint` takes it. */
export function parseConstraint(text: string): string {
  if (!/^(?:node|engine)\.[A-Za-z0-9_.-]+\s*[!=]=\s*[^\s=!][^\r\n]*$/.test(text)) {
    throw usageError(
      `"${text}" is not a constraint; write such as node.labels.disk==ssd or node.role!=manager`,
    );
  }
  return text;
}

/** The name of a network of the swarm. */
export function parseNetworkName(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text))
    throw usageError(`"${text}" is not a network's name; \`docker network ls\` shows them`);
  return text;
}

/** The name of a secret or config of the swarm (Engine API, "Secret": 64 of these characters at most). */
export function parseStoredName(text: string): string {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?$/.test(text)) {
    throw usageError(
      `"${text}" is not the name of a secret or config; use letters, digits and, between them, "-", "_" and "."`,
    );
  }
  return text;
}

/** Where a secret or config is mounted; relative ones below the engine's own directory for them. */
export function parseFileTarget(text: string): string {
  if (text === "" || /[\0\r\n",]/.test(text))
    throw usageError(`"${text}" is not a file's path; it holds no comma, quote or line end`);
  if (text.split("/").includes("..")) throw usageError(`"${text}": write the path without ".."`);
  return text;
}

/** A user's or group's number. */
export function parseFileOwner(input: string | number): string {
  const text = String(input).trim();
  if (!/^\d{1,10}$/.test(text) || Number(text) > 4294967294)
    throw usageError(`"${text}" is not a user's or group's number`);
  return String(Number(text));
}

/** Permission bits in octal digits, as chmod(1) takes them: `0440`, `440` and YAML's `0o440` are the same. */
export function parseFileMode(input: string | number): number {
  const text = String(input).trim();
  if (!/^(?:0o?)?[0-7]{3}$/.test(text))
    throw usageError(`"${text}" are not permission bits; write such as "0440"`);
  return Number.parseInt(text.slice(-3), 8);
}

/** 0 or 1: a folder is the root of one machine. */
export function parseReplicas(input: string | number): number {
  const text = String(input).trim();
  if (/^\d+$/.test(text) && Number(text) > 1)
    throw usageError(`${text} machines cannot run on one root; write 0 or 1`);
  if (!/^[01]$/.test(text)) throw usageError(`"${text}" is not a number of machines; write 0 or 1`);
  return Number(text);
}

/** How often a task is started again; 0 is without end. */
export function parseAttempts(input: string | number): number {
  const text = String(input).trim();
  if (!/^\d{1,9}$/.test(text))
    throw usageError(`"${text}" is not a number of attempts; write a whole number, 0 for no end`);
  return Number(text);
}

/** `stop-first`, the one order that a root allows. */
export function parseOrder(text: string): "stop-first" {
  if (text === "start-first")
    throw usageError("a root takes one machine at a time, so the old one stops first; write stop-first");
  if (text !== "stop-first") throw usageError(`"${text}" is not known; write stop-first`);
  return text;
}
