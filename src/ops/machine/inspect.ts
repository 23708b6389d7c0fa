import type { ContainerInspect } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { inspectContainer } from "#engine/containers.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { readInfo } from "#engine/system.ts";
import { hasCode } from "#errors.ts";
import { label, parseSpecLabel } from "#labels/machine.ts";
import { createLimit } from "#ops/task/limit.ts";
import { planWeaker } from "#plan/machine/weaker.ts";
import { type FailedUnit, readFailedUnits, waitBooted } from "./boot.ts";
import type { Machine } from "./machines.ts";
import { readRootId } from "./root-id.ts";
import { isBerthRuntime } from "./runtime-name.ts";

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

const mostAtOnce = 8;

/** Reads all about these machines, from the engine and, where they run, from within. */
export async function inspectMachines(
  engine: Engine,
  machines: readonly Machine[],
  signal: AbortSignal,
): Promise<readonly MachineDetails[]> {
  const info = await readInfo(engine, { signal });
  const limit = createLimit(mostAtOnce);
  const one = async (machine: Machine): Promise<MachineDetails> => {
    const container = await inspectContainer(engine, machine.id, { signal });
    const { Running, Paused, Pid } = container.State;
    // Of a machine that takes no command engines answer no top either, as long as one of these is being
    // started: so it is asked for first.
    const readRoot = (bounded: AbortSignal) => readRootId(engine, container.Id, Pid, bounded);
    const rootId = Running ? await inTime(patience.question, signal, readRoot) : undefined;
    const within = Running && !Paused ? await readWithin(engine, machine, signal) : outside;
    const runtime = container.HostConfig.Runtime || info.DefaultRuntime;
    return {
      ...detailsOf(machine, container, rootId, { name: runtime, berth: isBerthRuntime(info, runtime) }),
      ...within,
    };
  };
  return await Promise.all(machines.map((machine) => limit(() => one(machine))));
}

interface Within {
  readonly initState: string | undefined;
  readonly failedUnits: readonly FailedUnit[];
  readonly machineId: string | undefined;
}

const outside: Within = { initState: undefined, failedUnits: [], machineId: undefined };

/**
 * How long a machine that is busy may keep us, until it has booted and with each thing that it is asked;
 * milliseconds.
 */
const patience = { boot: 1500, question: 3000 };

/** What only the machine itself knows. One that does not answer in time leaves it unknown. */
async function readWithin(engine: Engine, { id, name }: Machine, signal: AbortSignal): Promise<Within> {
  let isLate = false;
  const ask = async <T>(question: (bounded: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = AbortSignal.timeout(patience.question);
    try {
      return await question(AbortSignal.any([signal, limit]));
    } finally {
      isLate = limit.aborted;
    }
  };
  try {
    // Waits until init is in its place: a command run before would disturb it.
    const booted = await waitBooted(engine, id, name, { signal, timeout: patience.boot }).catch(notBooted);
    const initState = await ask((bounded) => readInitState(engine, id, bounded));
    const failedUnits =
      booted?.failedUnits ??
      (initState === undefined ? [] : await ask((bounded) => readFailedUnits(engine, id, bounded)));
    const { stdout } = await ask((bounded) =>
      execCapture(engine, id, { cmd: ["cat", "/etc/machine-id"], signal: bounded }),
    );
    return { initState, failedUnits, machineId: /^[0-9a-f]{32}$/.exec(stdout.trim())?.[0] };
  } catch (error) {
    if (signal.aborted || !(isLate || hasCode(error, "boot-failed") || hasCode(error, "conflict")))
      throw error;
    return outside;
  }
}

function notBooted(error: unknown): undefined {
  if (hasCode(error, "boot-timeout")) return undefined;
  throw error;
}

/** Undefined for an init that is not systemd. */
async function readInitState(engine: Engine, id: string, signal: AbortSignal): Promise<string | undefined> {
  const { stdout } = await execCapture(engine, id, { cmd: ["systemctl", "is-system-running"], signal });
  return /^[a-z]+$/.exec(stdout.trim())?.[0];
}

function profileOf(asked: unknown, privileged: boolean, rootId: number | undefined): string | undefined {
  if (privileged) return "privileged";
  if (rootId !== undefined) return rootId === 0 ? "strict" : "full";
  return typeof asked === "string" ? asked : undefined;
}

function detailsOf(
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
    ports: Object.entries({ ...HostConfig.PortBindings, ...NetworkSettings.Ports }).flatMap(
      ([port, bindings]) =>
        bindings
          ? [
              {
                port,
                host: bindings.map(({ HostIp, HostPort }) => renderBinding(HostIp ?? "", HostPort ?? "")),
              },
            ]
          : [],
    ),
    profile: profileOf(spec?.profile, privileged, rootId),
    rootId,
    runtime,
    weaker: planWeaker({
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

/** The names under which the engine's resolver knows it, short and in the network's domain. */
function dnsNames({ name, network, id }: Machine, { NetworkSettings }: ContainerInspect): readonly string[] {
  if (network === undefined) return [];
  const aliases = NetworkSettings.Networks[network]?.Aliases ?? [];
  // The engine adds the head of the id by itself.
  const names = [...new Set([name, ...aliases])].filter((alias) => !id.startsWith(alias));
  return [...names, ...names.map((alias) => `${alias}.${network}`)];
}

function renderBinding(address: string, port: string): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address || "0.0.0.0"}:${port}`;
}

/** The engine's "never" is the year 1. */
function time(text: string): string | undefined {
  return text.startsWith("0001-") ? undefined : text;
}
