import { expect, test } from "bun:test";
import { checkSubnet, freeSubnet } from "./free-subnet.ts";
import type { HostNetwork } from "./host-network.ts";

const host = (routes: readonly string[], nameServers: readonly string[] = []): HostNetwork => ({
  routes: routes.map((subnet) => ({ subnet, device: "eth0" })),
  nameServers,
});

test.each<[string, readonly string[], HostNetwork, string]>([
  ["nothing is there", [], host([]), "10.72.0.0/24"],
  ["networks have the first ones", ["10.72.0.0/24", "10.72.1.0/25"], host([]), "10.72.2.0/24"],
  ["a network has the whole block", ["10.72.0.0/16"], host([]), "10.73.0.0/24"],
  [
    "the engine's networks are among the host's routes",
    ["10.72.0.0/24"],
    host(["10.72.0.0/24", "192.0.2.0/24"]),
    "10.72.1.0/24",
  ],
  ["the host is in a part of the block", [], host(["10.72.16.0/20"]), "10.73.0.0/24"],
  ["a name server is in the block", [], host([], ["10.72.255.53"]), "10.73.0.0/24"],
  ["name servers are elsewhere", [], host([], ["127.0.0.53", "fd00::1", "fe80::1%eth0"]), "10.72.0.0/24"],
  ["a route leads to all of 10", [], host(["10.0.0.0/8"]), "172.24.0.0/24"],
  ["only 192.168 is left", [], host(["10.0.0.0/8", "172.16.0.0/12"]), "192.168.224.0/24"],
  ["a home's network", [], host(["10.0.0.0/8", "172.16.0.0/12", "192.168.1.0/24"]), "192.168.224.0/24"],
  [
    "a VPN takes all that is private",
    [],
    host(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "10.72.3.0/24"]),
    "10.73.0.0/24",
  ],
  ["the network is of IPv6", ["fd00::/64"], host([]), "10.72.0.0/24"],
])("%s", (_, networks, there, subnet) => {
  expect(freeSubnet(networks, there)).toBe(subnet);
});

test.each([
  "172.17.0.0/16", // Docker's own bridge, and its pools' first networks
  "172.18.0.0/14",
  "172.31.0.0/16", // Amazon
  "10.0.0.0/14", // Microsoft, Oracle, LXC, swarms
  "10.8.0.0/16", // OpenVPN
  "10.32.0.0/12", // Weave, k3s
  "10.88.0.0/14", // Podman
  "10.96.0.0/11", // Kubernetes, DigitalOcean
  "10.128.0.0/9", // Google, OpenShift, flannel, MicroK8s
  "192.168.0.0/17", // libvirt, VirtualBox, homes
  "100.64.0.0/10", // carriers, Tailscale
])("the default is not in %s, so a remote host is likely left alone", (subnet) => {
  expect(() => checkSubnet(freeSubnet([], host([])), [], host([subnet]))).not.toThrow();
});

test("where all is taken it says which key to write", () => {
  expect(() => freeSubnet(["0.0.0.0/0"], host([]))).toThrow(
    expect.objectContaining({ code: "conflict", hint: expect.stringContaining("network.subnet") }),
  );
});

test.each<[string, string, HostNetwork, string | undefined]>([
  [
    "in the route of the host's own network",
    "172.31.0.0/24",
    host(["172.31.0.0/20"]),
    "route 172.31.0.0/20 (eth0)",
  ],
  ["around a route", "10.64.0.0/12", host(["10.72.1.0/24"]), "route 10.72.1.0/24 (eth0)"],
  ["around a name server", "172.31.0.0/24", host([], ["127.0.0.53", "172.31.0.2"]), "name server 172.31.0.2"],
  ["beside all that", "10.20.0.0/24", host(["172.31.0.0/20"], ["172.31.0.2"]), undefined],
  ["below a route to a whole private range", "10.20.0.0/24", host(["10.0.0.0/8"]), undefined],
  ["an engine's network's route", "10.20.0.0/24", host(["10.20.0.0/24"]), "route 10.20.0.0/24 (eth0)"],
])("a written subnet %s: %s, %p hides %p", (_, subnet, there, what) => {
  const check = () => checkSubnet(subnet, [], there);
  if (what === undefined) return expect(check).not.toThrow();
  expect(check).toThrow(
    expect.objectContaining({
      code: "conflict",
      message: `the subnet ${subnet} overlaps the host's ${what}`,
      hint: expect.stringMatching(/example: 10\.7[23]\.0\.0\/24/),
    }),
  );
});

test("a written subnet that is an engine's network is the engine's to refuse", () => {
  expect(() => checkSubnet("10.20.0.0/24", ["10.20.0.0/24"], host(["10.20.0.0/24"]))).not.toThrow();
});
