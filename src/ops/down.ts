import { inspectContainer, listContainers, removeContainer } from "../engine/containers.ts";
import type { Engine } from "../engine/engine.ts";
import { removeNetwork } from "../engine/networks.ts";
import { hasCode } from "../errors.ts";
import { withLock } from "../host/lock.ts";
import { label, parseSpecLabel } from "../plan/labels.ts";
import { planWaves } from "../plan/waves.ts";
import { removeCgroupParent } from "./cgroup-parent.ts";
import { createLimit } from "./limit.ts";
import { listMachines, type Machine } from "./machines.ts";
import { findNetwork } from "./observe.ts";
import { shutDown } from "./shut-down.ts";

export type DownState = "stopping" | "removing" | "removed";

export interface DownOptions {
  /** Machines that are there; the others are no error. All of the network's when empty. */
  readonly names: readonly string[];
  /** Seconds to shut down before a machine is killed; its own by default. */
  readonly timeout?: number | undefined;
  readonly signal: AbortSignal;
  readonly lockFile: string;
  /** Told when another holds that for long. */
  readonly onWaiting: () => void;
  readonly onState: (name: string, state: DownState) => void;
}

export interface DownResult {
  readonly removed: readonly string[];
  /** The engine network that went too. */
  readonly network: string | undefined;
}

/**
 * Stops the machines of a network, dependents first, and removes them with their file systems and anonymous volumes;
 * then the network, once no machine is on it. Named volumes and images stay. Repeated, it goes on where it was.
 */
export function down(engine: Engine, domain: string, options: DownOptions): Promise<DownResult> {
  const work = async () => {
    const machines = await chosenMachines(engine, domain, options);
    const limit = createLimit(mostAtOnce);
    for (const wave of planWaves(machines)) await Promise.all(wave.map((machine) => limit(() => remove(engine, machine, options))));
    return { removed: machines.map((machine) => machine.name), network: await removeEmptyNetwork(engine, domain, options.signal) };
  };
  return withLock(options.lockFile, options.signal, work, options.onWaiting);
}

const mostAtOnce = 16;

/** The machines that `down` would remove, with what they depend on. */
export async function chosenMachines(engine: Engine, domain: string, options: Pick<DownOptions, "names" | "signal">) {
  const wanted = new Set(options.names);
  const machines = await listMachines(engine, options.signal);
  return machines
    .filter((machine) => machine.network === domain && (wanted.size === 0 || wanted.has(machine.name)))
    .map((machine) => ({ ...machine, dependsOn: dependenciesOf(machine) }));
}

/** What a machine was made to depend on. */
export function dependenciesOf(machine: Machine): readonly string[] {
  const list = parseSpecLabel(machine.labels[label.spec])?.dependsOn;
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}

async function remove(engine: Engine, machine: Machine, { timeout, signal, onState }: DownOptions): Promise<void> {
  try {
    if (machine.state === "running") {
      onState(machine.name, "stopping");
      await shutDown(engine, machine.id, { signal, timeout });
    }
    onState(machine.name, "removing");
    const { HostConfig } = await inspectContainer(engine, machine.id, { signal });
    await removeContainer(engine, machine.id, { force: true, volumes: true, signal });
    await removeCgroupParent(engine, HostConfig.CgroupParent);
  } catch (error) {
    // Somebody else removed it meanwhile.
    if (!hasCode(error, "not-found")) throw error;
  }
  onState(machine.name, "removed");
}

async function removeEmptyNetwork(engine: Engine, domain: string, signal: AbortSignal): Promise<string | undefined> {
  const network = await findNetwork(engine, domain, signal);
  if (network?.Labels?.[label.network] !== domain) return undefined;
  const users = await listContainers(engine, { all: true, filters: { network: [domain] }, signal });
  if (users.length > 0) return undefined;
  await removeNetwork(engine, network.Id, { signal });
  return domain;
}
