import type { ContainerSummary } from "../engine/container-types.ts";
import { listContainers, waitContainer } from "../engine/containers.ts";
import type { Engine } from "../engine/engine.ts";
import type { Network } from "../engine/network-types.ts";
import { inspectNetwork } from "../engine/networks.ts";
import { hasCode } from "../errors.ts";
import { label } from "../plan/labels.ts";
import type { Observed, ObservedNetwork } from "../plan/up.ts";
import type { Fleet } from "../spec/machine.ts";
import { containerName, isMachine, machineOf } from "./machines.ts";

/** What the engine has of a fleet: two calls, however many machines. */
export async function observe(engine: Engine, fleet: Fleet, signal: AbortSignal): Promise<Observed> {
  const { domain } = fleet.network;
  const [containers, network] = await Promise.all([listSettled(engine, signal), findNetwork(engine, domain, signal)]);
  const wanted = new Set(fleet.machines.map((machine) => machine.name));
  const machines = new Set(containers.filter(isMachine).map((container) => container.Id));
  return {
    network: network && observedNetwork(network, machines),
    containers: containers
      .filter((container) => wanted.has(containerName(container)) || machines.has(container.Id))
      .map((container) => {
        const { name, id, state, network: own, address, init } = machineOf(container);
        return { name, id, ours: machines.has(id), state, network: own, address, specLabel: container.Labels[label.spec], init };
      }),
  };
}

/** All containers, once those machines are gone that the engine still removes for one who may have been killed meanwhile. */
async function listSettled(engine: Engine, signal: AbortSignal): Promise<readonly ContainerSummary[]> {
  const containers = await listContainers(engine, { all: true, signal });
  const leaving = containers.filter((container) => container.State === "removing" && isMachine(container));
  if (leaving.length === 0) return containers;
  await Promise.all(leaving.map(({ Id }) => waitContainer(engine, Id, { condition: "removed", signal }).catch(unlessGone)));
  return listContainers(engine, { all: true, signal });
}

function unlessGone(error: unknown): undefined {
  if (!hasCode(error, "not-found")) throw error;
}

/** The engine network of that name, or undefined. */
export async function findNetwork(engine: Engine, name: string, signal: AbortSignal): Promise<Network | undefined> {
  try {
    return await inspectNetwork(engine, name, { signal });
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

function observedNetwork(network: Network, machines: ReadonlySet<string>): ObservedNetwork {
  return {
    ours: network.Labels?.[label.network] === network.Name,
    subnet: network.IPAM.Config?.[0]?.Subnet,
    addresses: Object.entries(network.Containers ?? {})
      .filter(([id]) => !machines.has(id))
      .map(([, container]) => container.IPv4Address.replace(/\/.*$/, "")),
  };
}
