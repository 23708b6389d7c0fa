import { expect, test } from "bun:test";
import { label, renderSpecLabel } from "#labels/machine.ts";
import type { Fleet, MachineSpec } from "#machinefile/machine.ts";
import { fleetFromOptions } from "#machinefile/read/fleet-from-options.ts";
import { unseenNetwork } from "#plan/network/host-network.ts";
import { type Observed, type ObservedContainer, planUp } from "./up.ts";

function fleetOf(machines: Readonly<Record<string, Partial<MachineSpec>>>): Fleet {
  const fleet = fleetFromOptions({ names: Object.keys(machines), values: { image: "debian-12" } }, {});
  return { ...fleet, machines: fleet.machines.map((machine) => ({ ...machine, ...machines[machine.name] })) };
}

const domain = "berth.internal";
const network = { ours: true, foreignFile: undefined, subnet: "10.72.0.0/24", addresses: [] };
const bare = {
  domain,
  network,
  taken: { networks: [], host: unseenNetwork, isHostSeen: false },
  containers: [],
  renamed: [],
} satisfies Observed;
const none: Observed = { ...bare, network: undefined };

function container(name: string, state: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
  const spec = fleetOf({ [name]: {} }).machines[0];
  return {
    name,
    id: `id-${name}`,
    ours: true,
    isWhole: true,
    state,
    owner: undefined,
    claim: "owner",
    network: domain,
    address: undefined,
    specLabel: spec && renderSpecLabel(spec),
    init: undefined,
    writes: [],
    ...more,
  };
}

const outline = (fleet: Fleet, observed: Observed, names: readonly string[] = []) =>
  planUp(fleet, names, observed).map((step) =>
    step.do === "create-network" ? step.do : `${step.do} ${step.machine.name}`,
  );

test.each([
  ["created", "start"],
  ["exited", "start"],
  ["dead", "start"],
  ["paused", "unpause"],
  ["running", "keep"],
  ["restarting", "keep"],
])("a machine that is %s: %s", (state, step) => {
  expect(outline(fleetOf({ web: {} }), { ...bare, containers: [container("web", state)] })).toEqual([
    `${step} web`,
  ]);
});

test("what is missing is created, the network first, dependencies before their dependents", () => {
  const fleet = fleetOf({ web: { dependsOn: ["db", "cache"] }, cache: { dependsOn: ["db"] }, db: {} });
  expect(outline(fleet, none)).toEqual(["create-network", "create db", "create cache", "create web"]);
  expect(outline(fleet, none, ["cache"])).toEqual(["create-network", "create db", "create cache"]);
  expect(outline(fleet, { ...bare, containers: [container("db", "running")] }, ["cache"])).toEqual([
    "keep db",
    "create cache",
  ]);
});

test("addresses of other machines and of strangers are not given away", () => {
  const observed = {
    ...bare,
    network: { ...network, addresses: ["10.72.0.3"] },
    containers: [container("other", "exited", { address: "10.72.0.2" })],
  };
  expect(planUp(fleetOf({ web: {} }), [], observed)).toMatchObject([{ do: "create", address: "10.72.0.4" }]);
});

test.each([
  [
    "a container of somebody else's with the name",
    { ...bare, containers: [container("web", "running", { ours: false })] },
    "not-ours",
  ],
  [
    "a machine of another network",
    { ...bare, containers: [container("web", "running", { network: "lab.test" })] },
    "conflict",
  ],
  ["a network of somebody else's", { ...bare, network: { ...network, ours: false } }, "not-ours"],
  [
    "the network with another subnet",
    { ...bare, network: { ...network, subnet: "10.0.0.0/24" } },
    "conflict",
  ],
  [
    "a network that another file made",
    { ...bare, network: { ...network, foreignFile: "/srv/berth/berth.yaml" } },
    "conflict",
  ],
] as const)("%s is refused", (_, observed, code) => {
  const fleet = { ...fleetOf({ web: {} }), network: { domain, subnet: "10.72.0.0/24" } };
  expect(() => planUp(fleet, [], observed)).toThrow(expect.objectContaining({ code }));
});

test("a machine of another file is refused by its owner's name, with what to do", () => {
  const owner = { name: "shop", file: "/srv/shop/berth.yaml" };
  const observed = { ...bare, containers: [container("web", "running", { owner, claim: "stranger" })] };
  expect(() => planUp(fleetOf({ web: {} }), [], observed)).toThrow(
    expect.objectContaining({
      code: "conflict",
      message: "web is a machine of /srv/shop/berth.yaml",
      hint: expect.stringContaining("berth --file /srv/shop/berth.yaml down web"),
    }),
  );
  expect(outline(fleetOf({ db: {} }), observed)).toEqual(["create db"]);
});

test("the subnet is the written one, the network's own, else a free one, and addresses are of it", () => {
  const made = (fleet: Fleet, observed: Observed) =>
    planUp(fleet, [], observed).map((step) =>
      step.do === "create-network" ? step.network.subnet : "address" in step && step.address,
    );
  const written = { ...fleetOf({ web: {} }), network: { domain, subnet: "10.9.0.0/24" } };
  const busy = { ...none, taken: { ...none.taken, networks: ["10.72.0.0/24"] } };
  expect(made(written, busy)).toEqual(["10.9.0.0/24", "10.9.0.2"]);
  expect(made(fleetOf({ web: {} }), busy)).toEqual(["10.72.1.0/24", "10.72.1.2"]);
  expect(made(fleetOf({ web: {} }), { ...bare, network: { ...network, subnet: "10.72.7.0/24" } })).toEqual([
    "10.72.7.2",
  ]);
});

test("a written subnet that hides a part of the engine's host is refused where that is this one", () => {
  const written = { ...fleetOf({ web: {} }), network: { domain, subnet: "172.31.0.0/24" } };
  const host = { routes: [{ subnet: "172.31.0.0/20", device: "ens5" }], nameServers: ["172.31.0.2"] };
  const on = (isHostSeen: boolean, there = none) => ({ ...there, taken: { networks: [], host, isHostSeen } });
  expect(() => planUp(written, [], on(true))).toThrow(
    expect.objectContaining({ code: "conflict", hint: expect.stringContaining("example: 10.72.0.0/24") }),
  );
  expect(outline(written, on(false))).toEqual(["create-network", "create web"]);
  const existing = { ...bare, network: { ...network, subnet: "172.31.0.0/24" } };
  expect(outline(written, on(true, existing))).toEqual(["create web"]);
});

test("a network shared on purpose, by a domain that is written, is used", () => {
  const shared = { ...fleetOf({ web: {} }), network: { domain: "lab.test" } };
  const observed = {
    ...bare,
    domain: "lab.test",
    network: { ...network, foreignFile: "/srv/lab/berth.yaml" },
  };
  expect(outline(shared, observed)).toEqual(["create web"]);
});

test("what the engine is not through with is not started, and its name not given to another", () => {
  const observed = { ...bare, containers: [container("web", "created", { isWhole: false })] };
  expect(() => planUp(fleetOf({ web: {}, db: {} }), [], observed)).toThrow(
    expect.objectContaining({ code: "conflict" }),
  );
  expect(outline(fleetOf({ web: {}, db: {} }), observed, ["db"])).toEqual(["create db"]);
});

test("a name that the engine would refuse is refused before anything is made", () => {
  expect(() => planUp(fleetOf({ a: {} }), [], none)).toThrow(expect.objectContaining({ code: "usage" }));
});

test("a name that is not in the fleet is not found, and the fleet's names are told", () => {
  expect(() => planUp(fleetOf({ web: {} }), ["wbe"], none)).toThrow(
    expect.objectContaining({ code: "not-found", hint: expect.stringContaining("web") }),
  );
});

test("what differs from the machine as it was made is told key by key", () => {
  const fleet = fleetOf({ web: { memory: 1024 ** 3, environment: { A: "1" } } });
  const [step] = planUp(fleet, [], { ...bare, containers: [container("web", "running")] });
  expect(step).toMatchObject({
    do: "keep",
    differences: [
      { key: "environment", has: {}, wants: { A: "1" } },
      { key: "memory", wants: 1024 ** 3 },
    ],
  });
});

test("the spec's label does not depend on the order of keys, and a foreign text there compares with nothing", () => {
  const [machine] = fleetOf({ web: { environment: { A: "1", B: "2" } } }).machines;
  if (machine === undefined) throw new Error("no machine");
  const turned = { ...machine, environment: { B: "2", A: "1" } };
  expect(renderSpecLabel(turned)).toBe(renderSpecLabel(machine));
  const observed = { ...bare, containers: [container("web", "running", { specLabel: "not JSON" })] };
  expect(planUp(fleetOf({ web: {} }), [], observed)).toMatchObject([{ differences: [] }]);
  expect(label.machine).toBe("berth.machine");
});

test("a machine with a root is a swarm's: named it is refused, else passed over", () => {
  const fleet = fleetOf({ web: {}, mail: { root: "/srv/mail" } });
  expect(outline(fleet, bare)).toEqual(["create web"]);
  const refused = expect.objectContaining({ code: "usage", hint: "run it with `berth deploy mail`" });
  expect(() => planUp(fleet, ["mail", "web"], none)).toThrow(refused);
  expect(() => planUp(fleetOf({ mail: { root: "/srv/mail" } }), [], none)).toThrow(refused);
});
