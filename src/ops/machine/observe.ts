import type { Network } from "#api/network.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectNetwork, listNetworks } from "#engine/networks.ts";
import { hasCode } from "#errors.ts";
import { isThere } from "#host/files/path-steps.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { readText } from "#host/process/proc-file.ts";
import { label } from "#labels/machine.ts";
import { claimOf, domainFor, ownerOf } from "#labels/owner.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { containerName, machineOf, writesOf } from "#plan/machine/machine.ts";
import type { Observed, ObservedNetwork } from "#plan/machine/up.ts";
import { parseRoutes } from "#plan/network/free-subnet.ts";
import { isOwnNetwork, subnetsOf } from "#plan/network/network.ts";
import { ownContainers, renamedContainers } from "./own-containers.ts";
import { listAfterPending } from "./pending-containers.ts";

/**
 * The engine's state of a fleet: three calls, plus one for each image and for each machine that never
 * started.
 */
export async function observe(engine: Engine, fleet: Fleet, signal: AbortSignal): Promise<Observed> {
  const [{ containers, pending }, networks] = await Promise.all([
    listAfterPending(engine, signal),
    listNetworks(engine, { signal }),
  ]);
  const wanted = new Set(fleet.machines.map((machine) => machine.name));
  const own = new Map(
    (await ownContainers(engine, containers, label.machine, signal)).map((container) => [
      container.Id,
      container,
    ]),
  );
  const machines = new Set(own.keys());
  const observed = containers
    .map((container) => own.get(container.Id) ?? container)
    .filter((container) => wanted.has(containerName(container)) || machines.has(container.Id))
    .map((container) => {
      const { name, id, state, network, address, owner, init } = machineOf(container);
      const claim = claimOf(fleet, { owner, network }, isThere);
      const [ours, isWhole, specLabel] = [machines.has(id), !pending.has(id), container.Labels[label.spec]];
      return {
        name,
        id,
        ours,
        isWhole,
        state,
        owner,
        claim,
        network,
        address,
        specLabel,
        init,
        writes: writesOf(container),
      };
    });
  const domain = domainFor(fleet, observed);
  const network = await findNetwork(engine, domain, signal);
  const isToBeChosen = network === undefined && fleet.network.subnet === undefined;
  return {
    domain,
    network: network && observedNetwork(fleet, network, machines),
    taken: { networks: networks.flatMap(subnetsOf), routes: isToBeChosen ? await readRoutes(engine) : [] },
    containers: observed,
    renamed: (await renamedContainers(engine, containers, wanted, signal)).map((container) => ({
      name: containerName(container),
      machine: container.Labels[label.machine] ?? "",
    })),
  };
}

/** The routes of the engine's host, where the engine is on this one and its process can be seen. */
async function readRoutes(engine: Engine): Promise<readonly string[]> {
  const pid = engine.endpoint.kind === "unix" ? await findEngineProcess(engine.endpoint.path) : undefined;
  return pid === undefined ? [] : parseRoutes((await readText(`/proc/${pid}/net/route`)) ?? "");
}

/** The engine network of that name, or undefined. */
export async function findNetwork(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<Network | undefined> {
  try {
    return await inspectNetwork(engine, name, { signal });
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

function observedNetwork(fleet: Fleet, network: Network, machines: ReadonlySet<string>): ObservedNetwork {
  const owner = ownerOf(network.Labels ?? {});
  const isForeign =
    owner !== undefined && claimOf(fleet, { owner, network: network.Name }, isThere) === "stranger";
  return {
    ours: isOwnNetwork(network),
    foreignFile: isForeign && owner.file !== undefined && isThere(owner.file) ? owner.file : undefined,
    subnet: network.IPAM.Config?.[0]?.Subnet,
    addresses: Object.entries(network.Containers ?? {})
      .filter(([id]) => !machines.has(id))
      .map(([, container]) => container.IPv4Address.replace(/\/.*$/, "")),
  };
}
