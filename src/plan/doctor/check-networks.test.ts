import { expect, test } from "bun:test";
import type { HostNetwork } from "#plan/network/host-network.ts";
import type { NetworkFacts } from "#plan/network/network.ts";
import { checkNetworks } from "./check-networks.ts";

const host: HostNetwork = {
  routes: [
    { subnet: "172.31.0.0/20", device: "ens5" },
    { subnet: "172.31.0.0/24", device: "br-0123456789ab" },
    { subnet: "10.72.0.0/24", device: "br-ba9876543210" },
    { subnet: "10.0.0.0/8", device: "tun0" },
  ],
  nameServers: ["172.31.0.2"],
};
const network = (name: string, subnet: string, isOwn = true): NetworkFacts => ({
  name,
  subnets: [subnet],
  isOwn,
});

test("a network that hides the host's name server and route is named, with a free subnet", () => {
  const [check, ...others] = checkNetworks(
    [network("shop.internal", "172.31.0.0/24"), network("lab.test", "10.72.0.0/24")],
    host,
  );
  expect(others).toEqual([]);
  expect(check).toMatchObject({
    id: "networks",
    status: "warn",
    detail: "shop.internal (172.31.0.0/24) hides the host's name server 172.31.0.2",
    hint: expect.stringContaining("example: 172.24.0.0/24"),
  });
});

test.each<[string, readonly NetworkFacts[], readonly string[]]>([
  ["machines' networks that hide nothing are fine", [network("lab.test", "10.72.0.0/24")], ["ok"]],
  ["networks of others are theirs to judge", [network("other", "172.31.0.0/24", false)], []],
])("%s", (_, networks, status) => {
  expect(checkNetworks(networks, host).map((check) => check.status as string)).toEqual([...status]);
});
