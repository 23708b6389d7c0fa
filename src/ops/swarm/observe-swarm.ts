import type { Service } from "#api/service.ts";
import type { StoredFile } from "#api/stored-file.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listNetworks } from "#engine/networks.ts";
import { listNodes } from "#engine/nodes.ts";
import { listConfigs, listSecrets } from "#engine/secrets.ts";
import { listServices } from "#engine/services.ts";
import type { ObservedService, ObservedSwarm } from "#plan/swarm/deploy.ts";

/** What the swarm has: five calls at once. The engine is a manager. */
export async function observeSwarm(engine: Engine, signal: AbortSignal): Promise<ObservedSwarm> {
  const [services, nodes, networks, secrets, configs] = await Promise.all([
    listServices(engine, { signal }),
    listNodes(engine, { signal }),
    listNetworks(engine, { signal, filters: { driver: ["overlay"], scope: ["swarm"] } }),
    listSecrets(engine, { signal }),
    listConfigs(engine, { signal }),
  ]);
  return {
    services: services.map(observedService),
    nodes: nodes.map((node) => node.Description.Hostname),
    networks: new Map(networks.filter(({ Ingress }) => !Ingress).map(({ Name, Id }) => [Name, Id])),
    secrets: idsOf(secrets),
    configs: idsOf(configs),
  };
}

function observedService({ ID, Version, Spec }: Service): ObservedService {
  return { id: ID, name: Spec.Name, version: Version.Index, labels: Spec.Labels ?? {}, spec: Spec };
}

function idsOf(files: readonly StoredFile[]): ReadonlyMap<string, string> {
  return new Map(files.map(({ ID, Spec }) => [Spec.Name, ID]));
}
