import { choice, text } from "#machinefile/type/scalar.ts";
import { parseDomain } from "#machinefile/value/name.ts";
import { parseAddress, parseSubnet } from "#machinefile/value/network.ts";

/** The keys under `network`. */
export const networkKeys = {
  domain: {
    type: text("a domain", "lab.test", parseDomain),
    shownType: "domain",
    description:
      "The domain of the machines; the engine's network has this name. A machine is `NAME.DOMAIN`.",
    absent: "the project's name and `.internal`, as in `shop.internal`",
    examples: ["lab.test"],
    option: { value: "DOMAIN", description: "network and DNS domain (berth.internal)" },
  },
  subnet: {
    type: text("a subnet", "10.20.0.0/16", parseSubnet),
    shownType: "IPv4 subnet, /8 to /29",
    description: "The addresses of the machines.",
    absent: "a free one, or the /24 of the `address` keys",
    examples: ["10.20.0.0/16"],
    option: { value: "CIDR", description: "the network's addresses (a free one)" },
  },
  gateway: {
    type: text("an IPv4 address", "10.72.0.254", parseAddress),
    shownType: "IPv4 address",
    description: "The host's own address in the subnet.",
    absent: "the subnet's first address",
    examples: ["10.72.0.254"],
    option: { value: "IP", description: "the host's address on the network" },
  },
  mode: {
    type: choice(["bridge"]),
    description: "The kind of network. This version supports only `bridge`.",
    default: "bridge",
  },
};
