import { expect, test } from "bun:test";
import type { ContainerSummary } from "#api/container.ts";
import { machineOf, writesOf } from "./machine.ts";

const summary: ContainerSummary = {
  Id: "0123456789abcdef",
  Names: ["/web"],
  Image: "debian-12",
  ImageID: "sha256:aa",
  Command: "/sbin/init",
  Created: 5,
  Ports: [
    { IP: "127.0.0.1", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
    { PrivatePort: 53, PublicPort: 53, Type: "udp" },
    { PrivatePort: 22, Type: "tcp" },
  ],
  Labels: {
    "berth.machine": "web",
    "berth.network": "berth.internal",
    "berth.init": "systemd",
    "berth.init.version": "252",
  },
  State: "running",
  Status: "Up 3 minutes",
  HostConfig: {},
  NetworkSettings: { Networks: { "berth.internal": { IPAddress: "10.72.0.2" } } },
};

test("a machine as the list tells it", () => {
  expect(machineOf(summary)).toEqual({
    name: "web",
    id: "0123456789abcdef",
    state: "running",
    status: "Up 3 minutes",
    network: "berth.internal",
    address: "10.72.0.2",
    image: "debian-12",
    init: "systemd 252",
    ports: ["127.0.0.1:8080->80/tcp", "53->53/udp"],
    created: 5,
    owner: undefined,
    labels: summary.Labels,
  });
});

const named = (Labels: ContainerSummary["Labels"], networks: object): ContainerSummary => ({
  ...summary,
  Labels,
  NetworkSettings: { Networks: networks as Record<string, object> },
});
const network = { "berth.network": "n" };

test.each<[string, ContainerSummary, string | undefined]>([
  [
    "asked for comes first",
    named(network, { n: { IPAMConfig: { IPv4Address: "1.1.1.1" }, IPAddress: "2.2.2.2" } }),
    "1.1.1.1",
  ],
  [
    "of a machine that does not run is the one asked for",
    named(network, { n: { IPAMConfig: { IPv4Address: "1.1.1.1" }, IPAddress: "" } }),
    "1.1.1.1",
  ],
  ["chosen by the engine", named(network, { n: { IPAMConfig: null, IPAddress: "2.2.2.2" } }), "2.2.2.2"],
  ["of a stopped one is none", named(network, { n: { IPAddress: "" } }), undefined],
  ["on another network does not count", named(network, { m: { IPAddress: "2.2.2.2" } }), undefined],
  ["of a container without a network of berth's", named({}, { n: { IPAddress: "2.2.2.2" } }), undefined],
])("the address %s", (_name, container, address) => {
  expect(machineOf(container).address).toBe(address as string);
});

test("a container without a name goes by its id", () => {
  expect(machineOf({ ...summary, Names: [] }).name).toBe("0123456789ab");
});

test("of its mounts count those that can be written to on the host", () => {
  const mount = { Type: "bind", Mode: "", Propagation: "", Destination: "/x", RW: true };
  const Mounts = [
    { ...mount, Source: "/srv" },
    { ...mount, Source: "/etc", RW: false },
    { ...mount, Type: "tmpfs", Source: "" },
  ];
  expect(writesOf({ ...summary, Mounts })).toEqual(["/srv"]);
  expect(writesOf({ ...summary, Mounts: null })).toEqual([]);
});
