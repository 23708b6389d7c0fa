import { freeSubnet } from "#plan/network/free-subnet.ts";
import { type HostNetwork, hiddenBy } from "#plan/network/host-network.ts";
import type { NetworkFacts } from "#plan/network/network.ts";
import { ok, warn } from "./check.ts";
import type { Check } from "./doctor-facts.ts";

/**
 * Whether networks of machines hide something from the engine's host, by its addresses: networks from before,
 * or a host that has moved since, as laptops do.
 */
export function checkNetworks(networks: readonly NetworkFacts[], host: HostNetwork): readonly Check[] {
  const all = networks.flatMap(({ subnets }) => subnets);
  const own = networks.filter(({ isOwn }) => isOwn);
  if (own.length === 0) return [];
  const [id, title] = ["networks", "Machines' networks"];
  const hiding = own.flatMap(({ name, subnets }) =>
    subnets.flatMap((subnet) => {
      const hidden = hiddenBy(subnet, host, all);
      return hidden === undefined ? [] : [`${name} (${subnet}) hides the host's ${hidden.what}`];
    }),
  );
  if (hiding.length === 0) return [ok(id, title, "they hide no route and no name server of the host")];
  const hint = `create its machines again in another network.subnet (example: ${freeSubnet(all, host)})`;
  return [warn(id, title, hiding.join("; "), hint)];
}
