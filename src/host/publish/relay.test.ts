import { expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findRoute, type HostAddress } from "./interfaces.ts";
import { relay, relayTarget } from "./relay.ts";

const bridge: HostAddress = { interface: "docker_gwbridge", address: "172.18.0.1", prefix: 16 };
const bridge6: HostAddress = { interface: "docker_gwbridge", address: "fd00:18::1", prefix: 64 };
const wide: HostAddress = { interface: "eth0", address: "172.16.0.9", prefix: 12 };

const ipv4 = { targets: { ipv4: "172.18.0.3" }, bridges: [bridge] };
const both = { targets: { ipv4: "172.18.0.3", ipv6: "fd00:18::3" }, bridges: [bridge, bridge6] };

test.each([
  ["loopback", "127.0.0.1", ipv4, "172.18.0.3"],
  ["loopback at a socket of both families", "::ffff:127.0.0.1", ipv4, "172.18.0.3"],
  ["IPv6 loopback, without IPv6 inside", "::1", ipv4, "172.18.0.3"],
  ["IPv6 loopback", "::1", both, "fd00:18::3"],
  ["a neighbour on the bridge", "::ffff:172.18.0.7", ipv4, "172.18.0.3"],
  ["a neighbour by IPv6", "fd00:18::7", both, "fd00:18::3"],
  ["an IPv6 client of a machine without", "2001:db8::1", ipv4, "172.18.0.3"],
  [
    "an IPv4 client of a machine with IPv6 alone",
    "192.0.2.1",
    { targets: { ipv6: "fd00:18::3" }, bridges: [bridge6] },
    "fd00:18::3",
  ],
  ["who is to be forwarded", "::ffff:192.0.2.1", ipv4, undefined],
  ["who is to be forwarded by IPv6", "2001:db8::1", both, undefined],
] as const)("relayed: %s", (_, peer, rule, target) => {
  expect(relayTarget(peer, rule)).toBe(target);
});

test("the route is the narrowest network; none, and names that cannot be written into a rule, are errors", () => {
  expect(findRoute([wide, bridge, bridge6], "172.18.0.3")).toBe(bridge);
  expect(findRoute([wide, bridge, bridge6], "172.17.0.3")).toBe(wide);
  expect(findRoute([wide, bridge, bridge6], "fd00:18::3")).toBe(bridge6);
  expect(() => findRoute([bridge], "10.0.0.1")).toThrow(expect.objectContaining({ code: "host-unfit" }));
  expect(() => findRoute([{ ...bridge, interface: 'x";' }], "172.18.0.3")).toThrow(
    expect.objectContaining({ code: "host-unfit" }),
  );
});

test("who reads late gets all that the machine had sent before it ended", async () => {
  const directory = await mkdtemp(join(tmpdir(), "berth-relay-"));
  // Around what a socket and a stream hold: with some of them the machine has ended while the relay still has
  // bytes to deliver.
  const sizes = Array.from({ length: 40 }, (_, step) => (step + 1) * 32_768);
  const machine = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once("data", (size) => socket.end(Buffer.alloc(Number(size))));
  });
  const host = createServer(
    { allowHalfOpen: true },
    (client) => void relay(client, "127.0.0.1", (machine.address() as AddressInfo).port),
  );
  const path = join(directory, "socket");
  await Promise.all([listen(machine, { port: 0, host: "127.0.0.1" }), listen(host, { path })]);
  const received = sizes.map(async (size) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.pause();
    socket.end(String(size));
    await sleep(100);
    let length = 0;
    for await (const chunk of socket) length += (chunk as Buffer).length;
    return length;
  });
  expect(await Promise.all(received)).toEqual(sizes);
  for (const server of [machine, host]) server.close();
  await rm(directory, { recursive: true });
});

async function listen(server: Server, where: { port?: number; host?: string; path?: string }): Promise<void> {
  const listening = once(server, "listening");
  server.listen(where);
  await listening;
}
