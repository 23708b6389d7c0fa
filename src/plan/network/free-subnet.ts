import { BerthError } from "#errors.ts";
import { subnetsOverlap } from "./address.ts";
import { type HostNetwork, hiddenBy, occupiedBy } from "./host-network.ts";

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** The first two octets of a block, and of its /24s the first and last that may be taken. */
interface Block {
  readonly octets: string;
  readonly first: number;
  readonly last: number;
}

/**
 * Private blocks (RFC 1918). The first ones are nobody's default: not of networks at Amazon (172.31.0.0/16),
 * Google (10.128.0.0/9), Microsoft (10.0.0.0/16) and DigitalOcean (10.100.0.0 and on); of swarms (10.0.0.0
 * and on), Podman (10.88.0.0 and on), Kubernetes (10.96.0.0/12, 10.244.0.0/16; k3s 10.42.0.0/15, Weave
 * 10.32.0.0/12), OpenVPN (10.8.0.0/24) and LXC (10.0.3.0/24). The others, where a route leads to all of 10,
 * are those that Docker gives its own networks late.
 */
const blocks: readonly Block[] = [
  ...range(72, 79).map((part) => ({ octets: `10.${part}`, first: 0, last: 255 })),
  ...range(24, 29).map((part) => ({ octets: `172.${part}`, first: 0, last: 255 })),
  { octets: "192.168", first: 224, last: 239 },
];

/**
 * A /24 that none of the engine's networks and nothing of its host has a part of. Where a route leads into a
 * block, or a name server is in it, the whole block is left alone: what is beside the host's own part of it
 * is likely other hosts'. Routes to whole private ranges count only if they leave a choice. Throws
 * `conflict`.
 */
export function freeSubnet(networks: readonly string[], host: HostNetwork): string {
  const { narrow, wide } = occupiedBy(host, networks);
  for (const occupied of [[...narrow, ...wide], narrow]) {
    for (const block of blocks) {
      if (occupied.some(({ subnet }) => subnetsOverlap(subnet, blockSubnet(block)))) continue;
      for (const part of range(block.first, block.last)) {
        const subnet = `${block.octets}.${part}.0/24`;
        if (!networks.some((network) => subnetsOverlap(network, subnet))) return subnet;
      }
    }
  }
  throw new BerthError("conflict", "every candidate subnet for the machines' network is in use", {
    hint: "set network.subnet (example: 10.20.0.0/24), or remove unused networks",
  });
}

/**
 * Refuses a subnet that someone wrote if the engine's host would lose something by it: its name servers, or
 * hosts that a route leads to. Throws `conflict`.
 */
export function checkSubnet(subnet: string, networks: readonly string[], host: HostNetwork): void {
  const hidden = hiddenBy(subnet, host, networks);
  if (hidden === undefined) return;
  throw new BerthError("conflict", `the subnet ${subnet} overlaps the host's ${hidden.what}`, {
    hint:
      "the host could not reach it any more: " +
      `set network.subnet to a free one (example: ${freeSubnet(networks, host)}), or leave it out`,
    details: { subnet, occupied: hidden.subnet },
  });
}

/** The smallest of a block's subnets that holds all that may be taken of it. */
function blockSubnet({ octets, first, last }: Block): string {
  return `${octets}.${first}.0/${24 - Math.log2(last - first + 1)}`;
}
