import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { BerthError } from "#errors.ts";

/** An address of this host and its network. */
export interface HostAddress {
  readonly interface: string;
  readonly address: string;
  /** In bits. */
  readonly prefix: number;
}

/** Every address of this network namespace, loopback included; canonical. */
export function readHostAddresses(): readonly HostAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ address, cidr }) => {
      // Node has no network for an address whose mask has holes; such a one leads nowhere.
      if (cidr === null) return [];
      return [
        { interface: name, address: ipaddr.parse(address).toString(), prefix: Number(cidr.split("/")[1]) },
      ];
    }),
  );
}

/** The narrowest network of the host with the machine's address. Throws `host-unfit` without one. */
export function findRoute(addresses: readonly HostAddress[], target: string): HostAddress {
  const [route] = addresses
    .filter((network) => isInNetwork(target, network))
    .sort((a, b) => b.prefix - a.prefix);
  if (route === undefined) {
    throw new BerthError(
      "host-unfit",
      `cannot find an interface of this host that reaches the machine's address ${target}`,
      {
        hint: "Ports are published on the machine's own host, through the engine's bridge.",
      },
    );
  }
  // It becomes part of an nft script.
  if (!/^[\w.@-]{1,15}$/.test(route.interface)) {
    throw new BerthError(
      "host-unfit",
      `invalid interface name "${route.interface}" in a firewall rule (example: docker0)`,
    );
  }
  return route;
}

/** Whether an address lies in the network of this address of the host. */
export function isInNetwork(address: string, network: HostAddress): boolean {
  const [one, base] = [ipaddr.process(address), ipaddr.parse(network.address)];
  if (one.kind() !== base.kind()) return false;
  return network.prefix > 0 && one.match(base, network.prefix);
}
