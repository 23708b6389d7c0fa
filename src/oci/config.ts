/**
 * The parts of an OCI runtime config.json that berth reads or writes (OCI runtime-spec, config.md and
 * config-linux.md). Everything else passes through.
 */
export interface OciConfig {
  ociVersion: string;
  process: OciProcess;
  root: { path: string; readonly?: boolean };
  mounts?: OciMount[];
  annotations?: Record<string, string>;
  hostname?: string;
  hooks?: {
    createRuntime?: OciHook[];
    createContainer?: OciHook[];
    startContainer?: OciHook[];
    poststop?: OciHook[];
    [other: string]: unknown;
  };
  linux?: OciLinux;
  [other: string]: unknown;
}

export interface OciHook {
  path: string;
  args?: readonly string[];
  [other: string]: unknown;
}

export interface OciProcess {
  rlimits?: { type: string; hard: number; soft: number }[];
  terminal?: boolean;
  args: string[];
  user?: { uid?: number; [other: string]: unknown };
  env?: string[];
  capabilities?: Partial<Record<CapabilitySet, string[]>>;
  apparmorProfile?: string;
  selinuxLabel?: string;
  noNewPrivileges?: boolean;
  [other: string]: unknown;
}

export type CapabilitySet = "bounding" | "effective" | "inheritable" | "permitted" | "ambient";

export interface OciMount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

export interface OciLinux {
  namespaces?: { type: string; path?: string }[];
  cgroupsPath?: string;
  seccomp?: {
    syscalls?: { names: string[]; action: string; [other: string]: unknown }[];
    [other: string]: unknown;
  };
  devices?: { path: string; [other: string]: unknown }[];
  resources?: {
    memory?: { limit?: number; [other: string]: unknown };
    devices?: { allow: boolean; type?: string; access?: string; [other: string]: unknown }[];
    unified?: Readonly<Record<string, string>>;
    [other: string]: unknown;
  };
  sysctl?: Record<string, string>;
  uidMappings?: { containerID: number; hostID: number; size: number }[];
  gidMappings?: { containerID: number; hostID: number; size: number }[];
  maskedPaths?: string[];
  readonlyPaths?: string[];
  [other: string]: unknown;
}

/** The value of a variable in PID 1's environment; the last one counts, as for execve(2)'s callers. */
export function environmentOf(config: OciConfig, name: string): string | undefined {
  const entry = config.process.env?.findLast((item) => item.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

/** Whether a mount shows a file or directory of the host's, which it names by its absolute path. */
export function isBind({ type, source, options = [] }: OciMount): boolean {
  return (
    (type === "bind" || options.includes("bind") || options.includes("rbind")) &&
    source?.startsWith("/") === true
  );
}

/** Gives a container another host name; $HOSTNAME, where that is the engine's, follows. */
export function nameHost(config: OciConfig, hostname: string): OciConfig {
  const env = config.process.env?.map((entry) =>
    entry === `HOSTNAME=${config.hostname}` ? `HOSTNAME=${hostname}` : entry,
  );
  return { ...config, hostname, process: { ...config.process, ...(env ? { env } : {}) } };
}

/**
 * The path of the network namespace that the container is to join; undefined for one of its own, and for the
 * host's when none is named.
 */
export function joinedNetwork(config: OciConfig): string | undefined {
  return config.linux?.namespaces?.find(({ type }) => type === "network")?.path;
}

/**
 * Whether the container has a namespace of its own of this type, rather than the host's or another
 * container's.
 */
export function ownsNamespace(config: OciConfig, type: string): boolean {
  return (
    config.linux?.namespaces?.some((namespace) => namespace.type === type && namespace.path === undefined) ??
    false
  );
}
