import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer, listContainers, removeContainer } from "#engine/containers.ts";
import { listNetworks, removeNetwork } from "#engine/networks.ts";
import { hasCode } from "#errors.ts";
import { withLock } from "#host/process/lock.ts";
import { label, parseSpecLabel } from "#labels/machine.ts";
import { removeCgroupParent } from "#ops/engine/cgroup-parent.ts";
import { createLimit } from "#ops/task/limit.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { planWaves } from "#plan/machine/waves.ts";
import { listMachines } from "./machines.ts";
import { findNetwork } from "./observe.ts";
import { shutDown } from "./shut-down.ts";

export type DownState = "stopping" | "removing" | "removed";

export interface DownOptions {
  /** Which of the machines that are there. */
  readonly isChosen: (machine: Machine) => boolean;
  /**
   * Domains whose networks go when no machine is on them, besides those of the removed machines; or of all.
   */
  readonly domains: readonly string[] | "all";
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
  /** The engine networks that went too. */
  readonly networks: readonly string[];
}

/**
 * Stops machines, dependents first, and removes them with their file systems and anonymous volumes; then
 * their networks, once no machine is on them. Named volumes and images stay. Repeated, it goes on where it
 * was.
 */
export function down(engine: Engine, options: DownOptions): Promise<DownResult> {
  const { signal } = options;
  const work = async () => {
    const chosen = (await listMachines(engine, signal)).filter(options.isChosen);
    const machines = chosen.map((machine) => ({ ...machine, dependsOn: dependenciesOf(machine) }));
    const limit = createLimit(mostAtOnce);
    for (const wave of planWaves(machines))
      await Promise.all(wave.map((machine) => limit(() => remove(engine, machine, options))));
    const left = machines.flatMap(({ network }) => network ?? []);
    const domains =
      options.domains === "all" ? await ownNetworks(engine, signal) : [...options.domains, ...left];
    const networks: string[] = [];
    for (const domain of new Set(domains))
      if (await removeEmptyNetwork(engine, domain, signal)) networks.push(domain);
    return { removed: machines.map((machine) => machine.name), networks };
  };
  return withLock(options.lockFile, signal, work, options.onWaiting);
}

const mostAtOnce = 16;

/** What a machine was made to depend on. */
export function dependenciesOf(machine: Machine): readonly string[] {
  const list = parseSpecLabel(machine.labels[label.spec])?.dependsOn;
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}

async function remove(
  engine: Engine,
  machine: Machine,
  { timeout, signal, onState }: DownOptions,
): Promise<void> {
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

/** The names of all networks that berth has made for machines. */
async function ownNetworks(engine: Engine, signal: AbortSignal): Promise<readonly string[]> {
  const networks = await listNetworks(engine, { filters: { label: [label.network] }, signal });
  return networks.flatMap(({ Name, Labels }) => (Labels?.[label.network] === Name ? [Name] : []));
}

/** Whether it went. */
async function removeEmptyNetwork(engine: Engine, domain: string, signal: AbortSignal): Promise<boolean> {
  const network = await findNetwork(engine, domain, signal);
  if (network?.Labels?.[label.network] !== domain) return false;
  const users = await listContainers(engine, { all: true, filters: { network: [domain] }, signal });
  if (users.length > 0) return false;
  await removeNetwork(engine, network.Id, { signal });
  return true;
}
