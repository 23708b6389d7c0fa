import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer, listContainers, removeContainer } from "#engine/containers.ts";
import { listNetworks, removeNetwork } from "#engine/networks.ts";
import { hasCode } from "#errors.ts";
import { withLock } from "#host/process/lock.ts";
import { label } from "#labels/machine.ts";
import { removeCgroupParent } from "#ops/engine/cgroup-parent.ts";
import { defaultConcurrency } from "#ops/task/concurrency.ts";
import { runJobs } from "#ops/task/run-jobs.ts";
import type { Task } from "#ops/task/task.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { stopOrder } from "#plan/machine/order.ts";
import { listMachines } from "./machines.ts";
import { findNetwork } from "./observe.ts";
import { shutDown } from "./shut-down.ts";

export interface DownOptions {
  /** Selects among the existing machines. */
  readonly isChosen: (machine: Machine) => boolean;
  /** Domains whose unused networks to remove, besides those of the removed machines; or all. */
  readonly domains: readonly string[] | "all";
  /** Seconds to shut down before a machine is killed; its own by default. */
  readonly timeout?: number | undefined;
  readonly lockFile: string;
  /** Called when another process holds the lock for long. */
  readonly onWaiting: () => void;
}

export interface DownResult {
  readonly removed: readonly string[];
  /** The engine networks that went too. */
  readonly networks: readonly string[];
}

/**
 * Stops machines, dependents first, and removes them with their file systems and anonymous volumes, then
 * networks that no machine uses any more. Keeps named volumes and images. Call it again to continue after an
 * interruption.
 */
export function down(task: Task, options: DownOptions): Promise<DownResult> {
  const { engine, signal } = task;
  const work = async () => {
    const machines = (await listMachines(engine, signal)).filter(options.isChosen);
    const concurrency = await defaultConcurrency(task, machines.length);
    await runJobs(stopOrder(machines), { concurrency, signal }, ({ machine }) =>
      remove(task, machine, options),
    );
    const left = machines.flatMap(({ network }) => network ?? []);
    const domains =
      options.domains === "all" ? await ownNetworks(engine, signal) : [...options.domains, ...left];
    const networks: string[] = [];
    for (const domain of new Set(domains))
      if (await removeEmptyNetwork(engine, domain, signal)) networks.push(domain);
    return { removed: machines.map(({ name }) => name), networks };
  };
  return withLock(options.lockFile, signal, work, options.onWaiting);
}

async function remove(
  { engine, signal, onState }: Task,
  machine: Machine,
  { timeout }: DownOptions,
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
    // Another process removed it meanwhile.
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
