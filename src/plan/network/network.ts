import type { Network, NetworkCreateConfig } from "#api/network.ts";
import { label } from "#labels/machine.ts";
import { renderOwner } from "#labels/owner.ts";
import type { Project } from "#machinefile/project.ts";
import type { PlannedNetwork } from "#plan/machine/up.ts";
import { subnetsOverlap } from "./address.ts";

/** The body of POST /networks/create for a project's network, which has the domain's name. */
export function renderNetwork(
  { domain, subnet, gateway }: PlannedNetwork,
  project: Project,
): NetworkCreateConfig {
  return {
    Name: domain,
    Driver: "bridge",
    IPAM: { Config: [{ Subnet: subnet, ...(gateway === undefined ? {} : { Gateway: gateway }) }] },
    Labels: { [label.network]: domain, ...renderOwner(project) },
  };
}

/** Whether a network is one that berth made. */
export function isOwnNetwork({ Name, Labels }: Pick<Network, "Name" | "Labels">): boolean {
  return Labels?.[label.network] === Name;
}

/** The subnets that a network has. */
export function subnetsOf({ IPAM }: Pick<Network, "IPAM">): readonly string[] {
  return (IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []);
}

/** A network of the engine's, whoever made it. */
export interface NetworkFacts {
  readonly name: string;
  readonly subnets: readonly string[];
  /** Whether berth made it. */
  readonly isOwn: boolean;
}

export function networkFacts(network: Network): NetworkFacts {
  return { name: network.Name, subnets: subnetsOf(network), isOwn: isOwnNetwork(network) };
}

/**
 * Whether what was planned could be made: `ours` is there by now, `another` of the domain with another
 * subnet, or the subnet is `taken` by other networks. Undefined where nothing is in its way.
 */
export function judgeNetwork(
  { domain, subnet }: Pick<PlannedNetwork, "domain" | "subnet">,
  there: Network | undefined,
  others: readonly Network[],
): "ours" | "another" | "taken" | undefined {
  if (there !== undefined && isOwnNetwork(there))
    return subnetsOf(there).includes(subnet) ? "ours" : "another";
  const isTaken = others
    .filter(({ Name }) => Name !== domain)
    .some((network) => subnetsOf(network).some((other) => subnetsOverlap(other, subnet)));
  return isTaken ? "taken" : undefined;
}
