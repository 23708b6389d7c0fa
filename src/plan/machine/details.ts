import type { ContainerInspect } from "#api/container.ts";
import type { PortBinding } from "#api/host-config.ts";
import { label, parseSpecLabel } from "#labels/machine.ts";
import type { FailedUnit } from "./boot-state.ts";
import { planDegradations } from "./degradations.ts";
import type { Machine } from "./machine.ts";

/**
 * All there is to know about a machine. Sizes are bytes, times RFC 3339; undefined is what does not apply or
 * cannot be known now.
 */
export interface MachineDetails {
  readonly name: string;
  readonly id: string;
  /** The engine's state: created, running, paused, restarting, removing, exited, dead. */
  readonly state: string;
  /** Of a machine that ended. */
  readonly exitStatus: number | undefined;
  readonly outOfMemory: boolean;
  /**
   * systemd's own word while it runs, such as running, degraded, starting (systemctl(1), is-system-running).
   */
  readonly initState: string | undefined;
  readonly failedUnits: readonly FailedUnit[];
  readonly init: string | undefined;
  readonly os: string | undefined;
  readonly image: { readonly name: string; readonly id: string };
  readonly command: readonly string[];
  readonly hostname: string;
  readonly machineId: string | undefined;
  /** The domain it belongs to. */
  readonly network: string | undefined;
  readonly addresses: readonly MachineAddress[];
  readonly dnsNames: readonly string[];
  readonly ports: readonly { readonly port: string; readonly host: readonly string[] }[];
  /** Of a running machine the one that it has; else the one asked for, if any. */
  readonly profile: string | undefined;
  /**
   * The host's number of the machine's user 0, while it runs: 0 unless it has a user namespace of its own.
   */
  readonly rootId: number | undefined;
  readonly runtime: { readonly name: string; readonly berth: boolean };
  readonly weaker: readonly string[];
  readonly capabilities: { readonly added: readonly string[]; readonly dropped: readonly string[] };
  readonly limits: {
    readonly memory: number | undefined;
    /** Memory and swap together; -1 is without limit. */
    readonly memorySwap: number | undefined;
    readonly cpus: number | undefined;
    readonly pids: number | undefined;
  };
  readonly mounts: readonly {
    readonly type: string;
    readonly source: string;
    readonly target: string;
    readonly readOnly: boolean;
  }[];
  readonly restart: string;
  readonly restarts: number;
  readonly created: string;
  readonly started: string | undefined;
  readonly finished: string | undefined;
  /** What it was made from: the machine as the file had it. */
  readonly spec: Readonly<Record<string, unknown>> | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

export interface MachineAddress {
  readonly network: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

/** What only a machine that runs can tell of itself. */
export interface Within {
  readonly initState: string | undefined;
  readonly failedUnits: readonly FailedUnit[];
  readonly machineId: string | undefined;
}

/** What the engine tells of a machine. `rootId` is undefined where it does not run. */
export function detailsOf(
  machine: Machine,
  container: ContainerInspect,
  rootId: number | undefined,
  runtime: MachineDetails["runtime"],
): Omit<MachineDetails, keyof Within> {
  const { Config, HostConfig, State, NetworkSettings } = container;
  const ended = State.Status === "exited" || State.Status === "dead";
  const spec = parseSpecLabel(machine.labels[label.spec]);
  const privileged = HostConfig.Privileged ?? false;
  return {
    name: machine.name,
    id: machine.id,
    state: State.Status,
    exitStatus: ended ? State.ExitCode : undefined,
    outOfMemory: State.OOMKilled,
    init: machine.init,
    os: machine.labels[label.os],
    image: { name: Config.Image ?? "", id: container.Image },
    command: [container.Path, ...container.Args],
    hostname: Config.Hostname ?? "",
    network: machine.network,
    addresses: Object.entries(NetworkSettings.Networks).map(
      ([network, { IPAMConfig, IPAddress, GlobalIPv6Address }]) => ({
        network,
        ipv4: IPAddress || IPAMConfig?.IPv4Address,
        ipv6: GlobalIPv6Address || IPAMConfig?.IPv6Address,
      }),
    ),
    dnsNames: dnsNames(machine, container),
    ports: portsOf(container),
    profile: profileOf(spec?.profile, privileged, rootId),
    rootId,
    runtime,
    weaker: planDegradations({
      berthRuntime: runtime.berth,
      privileged,
      rootId,
      hostCgroups: HostConfig.CgroupnsMode === "host",
      terminal: Config.Tty ?? false,
    }),
    capabilities: { added: HostConfig.CapAdd ?? [], dropped: HostConfig.CapDrop ?? [] },
    limits: {
      memory: HostConfig.Memory || undefined,
      memorySwap: HostConfig.MemorySwap || undefined,
      cpus: HostConfig.NanoCpus ? HostConfig.NanoCpus / 1e9 : undefined,
      // 0 and -1 are both without limit.
      pids: HostConfig.PidsLimit && HostConfig.PidsLimit > 0 ? HostConfig.PidsLimit : undefined,
    },
    mounts: container.Mounts.map(({ Type, Name, Source, Destination, RW }) => ({
      type: Type,
      source: Type === "volume" ? (Name ?? Source) : Source,
      target: Destination,
      readOnly: !RW,
    })),
    restart: HostConfig.RestartPolicy?.Name || "no",
    restarts: container.RestartCount,
    created: container.Created,
    started: time(State.StartedAt),
    finished: State.Running ? undefined : time(State.FinishedAt),
    spec,
    labels: machine.labels,
  };
}

function profileOf(asked: unknown, privileged: boolean, rootId: number | undefined): string | undefined {
  if (privileged) return "privileged";
  if (rootId !== undefined) return rootId === 0 ? "strict" : "full";
  return typeof asked === "string" ? asked : undefined;
}

/** The names under which the engine's resolver knows it, short and in the network's domain. */
function dnsNames({ name, network, id }: Machine, { NetworkSettings }: ContainerInspect): readonly string[] {
  if (network === undefined) return [];
  const aliases = NetworkSettings.Networks[network]?.Aliases ?? [];
  // The engine adds the head of the id by itself.
  const names = [...new Set([name, ...aliases])].filter((alias) => !id.startsWith(alias));
  return [...names, ...names.map((alias) => `${alias}.${network}`)];
}

/** What is published; of a machine that runs, with the ports that the engine chose. */
function portsOf({ HostConfig, NetworkSettings }: ContainerInspect): MachineDetails["ports"] {
  const published = Object.entries({ ...HostConfig.PortBindings, ...NetworkSettings.Ports });
  return published.flatMap(([port, bindings]) =>
    bindings ? [{ port, host: bindings.map(renderBinding) }] : [],
  );
}

function renderBinding({ HostIp: address = "", HostPort: port }: PortBinding): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address || "0.0.0.0"}:${port}`;
}

/** The engine's "never" is the year 1. */
function time(text: string): string | undefined {
  return text.startsWith("0001-") ? undefined : text;
}
