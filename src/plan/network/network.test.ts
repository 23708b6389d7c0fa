import { expect, test } from "bun:test";
import type { Network } from "#api/network.ts";
import { isOwnNetwork, judgeNetwork, renderNetwork, subnetsOf } from "./network.ts";

function network(name: string, subnets: readonly string[], labels: Network["Labels"] = null): Network {
  return {
    Name: name,
    Id: `id-${name}`,
    Created: "",
    Scope: "local",
    Driver: "bridge",
    EnableIPv6: false,
    Internal: false,
    Attachable: false,
    Ingress: false,
    IPAM: { Config: subnets.map((Subnet) => ({ Subnet })) },
    Options: null,
    Labels: labels,
  };
}

const planned = { domain: "berth.internal", subnet: "10.72.0.0/24" };
const own = { "berth.network": "berth.internal" };

test.each([
  [undefined, {}],
  ["10.72.0.1", { Gateway: "10.72.0.1" }],
])("the body for a network with the gateway %p", (gateway, more) => {
  const project = { name: "web", file: "/srv/berth.yaml" };
  const body = renderNetwork({ ...planned, ...(gateway !== undefined && { gateway }) }, project);
  expect(body).toEqual({
    Name: "berth.internal",
    Driver: "bridge",
    IPAM: { Config: [{ Subnet: "10.72.0.0/24", ...more }] },
    Labels: { "berth.network": "berth.internal", "berth.project": "web", "berth.file": "/srv/berth.yaml" },
  });
});

test.each<[string, Network | undefined, readonly Network[], string | undefined]>([
  ["is there by now", network("berth.internal", ["10.72.0.0/24"], own), [], "ours"],
  ["is there with another subnet", network("berth.internal", ["172.30.0.0/24"], own), [], "another"],
  ["is not berth's", network("berth.internal", ["10.72.0.0/24"]), [], undefined],
  ["is not there, nor its subnet", undefined, [network("other", ["172.30.0.0/24"])], undefined],
  ["has a part of its subnet taken", undefined, [network("other", ["10.72.0.128/25"])], "taken"],
  ["has the subnet itself", undefined, [network("berth.internal", ["10.72.0.0/24"])], undefined],
])("a network that %s", (_name, there, others, expected) => {
  expect(judgeNetwork(planned, there, others)).toBe(expected as "ours");
});

test("a network is berth's by its own name, whatever else it has", () => {
  expect(isOwnNetwork(network("n", [], { "berth.network": "m" }))).toBe(false);
  expect(isOwnNetwork(network("n", [], { "berth.network": "n" }))).toBe(true);
  expect(subnetsOf({ IPAM: { Config: null } })).toEqual([]);
});
