import { list } from "#machinefile/type/list.ts";
import { scalar, text } from "#machinefile/type/scalar.ts";
import { parseHostname, parseName } from "#machinefile/value/name.ts";
import { parseAddress } from "#machinefile/value/network.ts";
import { parsePublish, renderPublish } from "#machinefile/value/publish.ts";
import { machineKey } from "./machine-key.ts";

/** What others reach a machine by. */
export const reachKeys = {
  hostname: machineKey("hostname", {
    type: text("a host name", "web.example.org", parseHostname),
    shownType: "host name",
    description: "The machine's host name.",
    absent: "the machine's name",
    examples: ["web.example.org"],
    isOwn: true,
    resolve: (written, { name }) => written ?? name,
    option: { value: "NAME", description: "host name of one machine (its name)" },
    label: { form: "value" },
  }),
  address: machineKey("address", {
    type: text("an IPv4 address", "10.72.0.10", parseAddress),
    shownType: "IPv4 address",
    description: "The machine's address in the subnet.",
    absent: "allocated once and kept",
    examples: ["10.72.0.10"],
    isOwn: true,
    option: { value: "IP", description: "address of one machine (the next free one)" },
  }),
  aliases: machineKey("aliases", {
    type: list("names", text("a name", "www", parseName)),
    shownType: "list of names",
    description: "Further names of the machine in the domain.",
    absent: "none",
    examples: [["www"]],
    isOwn: true,
    resolve: (written) => written ?? [],
    option: {
      name: "alias",
      value: "NAME",
      repeat: true,
      description: "further DNS name of one machine",
    },
  }),
  publish: machineKey("publish", {
    type: list("ports", scalar("a port", "8080:80", parsePublish)),
    shownType: "list of ports",
    description:
      "Ports of the host that lead to the machine: `[[ADDRESS:]HOST:]PORT[/tcp|udp|sctp]`, where HOST " +
      "and PORT may be ranges of one length. " +
      "A lone port is the same on both sides, HOST `0` lets the engine choose, an IPv6 address stands in " +
      "brackets.",
    absent: "none",
    examples: [[80, "8080:80", "53:53/udp", "1000-1010:2000-2010", "127.0.0.1:8443:443"]],
    resolve: (written) => written ?? [],
    option: {
      short: "p",
      value: "PORTS",
      repeat: true,
      description: "publish a port: [[ADDRESS:]HOST:]PORT[/udp]",
    },
    label: { form: "list", render: renderPublish },
  }),
};
