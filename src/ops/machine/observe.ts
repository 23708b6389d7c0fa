import type { Network } from "#api/network.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectNetwork, listNetworks } from "#engine/networks.ts";
import { hasCode } from "#errors.ts";
import { readHostNetwork } from "#host/facts/host-network.ts";
import { isThere } from "#host/files/path-steps.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { label } from "#labels/machine.ts";
import { claimOf, domainFor, ownerOf } from "#labels/owner.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { containerName, machineOf, writesOf } from "#plan/machine/machine.ts";
import type { Observed, ObservedNetwork } from "#plan/machine/up.ts";
import { unseenNetwork } from "#plan/network/host-network.ts";
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
  return {
    domain,
    network: network && observedNetwork(fleet, network, machines),
    taken: {
      networks: networks.flatMap(subnetsOf),
      ...(network === undefined ? await readEngineHost(engine) : { host: unseenNetwork, isHostSeen: false }),
    },
    containers: observed,
    renamed: (await renamedContainers(engine, containers, wanted, signal)).map((container) => ({
      name: containerName(container),
      machine: container.Labels[label.machine] ?? "",
    })),
  };
}

/**
 * What the engine's host reaches. Where the engine listens here but its process cannot be seen, it is likely
 * this host.
 */
async function readEngineHost({ endpoint }: Engine): Promise<Pick<Observed["taken"], "host" | "isHostSeen">> {
  if (endpoint.kind !== "unix") return { host: unseenNetwork, isHostSeen: false };
  const pid = await findEngineProcess(endpoint.path);
  return { host: await readHostNetwork(pid ?? "self"), isHostSeen: pid !== undefined };
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
