import { expect, test } from "bun:test";
import type { MachineSpec } from "#machinefile/machine.ts";
import type { Problem } from "#machinefile/problem.ts";
import { parsePublish, publishesCollide } from "#machinefile/value/publish.ts";
import { checkFleet } from "./fleet-check.ts";

const machine = (name: string, rest: Partial<MachineSpec> = {}): MachineSpec => ({
  name,
  image: "i",
  hostname: name,
  aliases: [],
  publish: [],
  volumes: [],
  environment: {},
  capabilities: [],
  dependsOn: [],
  restart: "no",
  labels: {},
  ...rest,
});

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Of machines that have it all of themselves, or from the defaults. */
function check(machines: readonly MachineSpec[], from: "machines" | "defaults" = "machines"): Problem[] {
  return checkFleet({
    network: { domain: "d" },
    machines,
    origin: (name, key) => (from === "machines" ? ["machines", name, key] : ["defaults", key]),
    isFaulty: () => false,
  });
}

test("a default that collides with itself is one problem, whatever the number of machines", () => {
  const publish = many(300, (index) => parsePublish(1000 + index));
  const found = check(
    many(1000, (index) => machine(`m${index}`, { publish })),
    "defaults",
  );
  expect(found).toHaveLength(100);
  expect(new Set(found.map(({ path }) => path.join(".")))).toHaveProperty("size", 100);
  expect(found[0]?.message).toBe("duplicate host port 1000/tcp: m0 and m1 publish it");
});

test("no more than a hundred problems are looked for", () => {
  const names = many(1000, (index) => `m${index}`);
  const target = { kind: "anonymous", target: "/x", readOnly: false } as const;
  expect(check(names.map((name) => machine(name, { volumes: many(100, () => target) })))).toHaveLength(100);
  expect(check(names.map((name) => machine(name, { aliases: ["m0", "m1"] })))).toHaveLength(100);
  expect(check(names.map((name) => machine(name, { dependsOn: ["no-1", "no-2"] })))).toHaveLength(100);
});

test("ports are many in a range, and counted one by one", () => {
  const ranges = many(7, (index) => parsePublish(`127.0.0.${index + 1}:1-65535:1-65535`));
  expect(check([machine("a", { publish: ranges.slice(0, 6) })])).toEqual([]);
  expect(check([machine("a", { publish: ranges })])).toEqual([
    {
      path: ["machines", "a", "publish", 6],
      target: "value",
      message: "too many ports in all: up to here more than 400000",
    },
  ]);
});

test("a port collides with just those that publishesCollide says, and is of the first of them", () => {
  const addresses = ["", "0.0.0.0:", "127.0.0.1:", "127.0.0.2:", "[::]:", "[::1]:"];
  const written = addresses.flatMap((address) => [
    `${address}80:80`,
    `${address}79-81:79-81`,
    `${address}82:82`,
    `${address}80:80/udp`,
  ]);
  for (const a of written) {
    for (const b of written) {
      const publish = [parsePublish(a), parsePublish(b)] as const;
      const found = check([machine("a", { publish: [publish[0]] }), machine("b", { publish: [publish[1]] })]);
      expect([a, b, found.length]).toEqual([a, b, publishesCollide(...publish) ? 1 : 0]);
    }
  }
  const three = [parsePublish("127.0.0.1:80:80"), parsePublish("127.0.0.2:81:81"), parsePublish("80-81")];
  expect(
    check(three.map((publish, index) => machine(`m${index}`, { publish: [publish] }))).map(
      ({ message }) => message,
    ),
  ).toEqual(["duplicate host port 80-81/tcp: m0 and m2 publish it"]);
});

test("machines of hosts that are not known, or not the same, are in nobody's way but their own", () => {
  const publish = [parsePublish(80)];
  const root = { root: "/srv/x", publish };
  expect(check([machine("a", { publish }), machine("b", root), machine("c", root)])).toEqual([]);
  expect(check([machine("b", { ...root, publish: [...publish, ...publish] })])).toHaveLength(1);
});

test("where all depend on all, some cycles are named, and of each its start", () => {
  const names = many(1000, (index) => `m${index}`);
  const found = check(names.map((name) => machine(name, { dependsOn: names })));
  expect(found).toHaveLength(100);
  for (const { message } of found) expect(message.length).toBeLessThan(150);
  expect(
    check([
      machine("a", { dependsOn: ["b"] }),
      machine("b", { dependsOn: ["c"] }),
      machine("c", { dependsOn: ["b"] }),
    ]),
  ).toMatchObject([{ message: "dependency cycle: b → c → b" }]);
});

test("a chain of ten thousand machines is no cycle, and closed it is one", () => {
  const chain = (last: string[]) =>
    many(10_000, (index) => machine(`m${index}`, { dependsOn: index < 9999 ? [`m${index + 1}`] : last }));
  expect(check(chain([]))).toEqual([]);
  expect(check(chain(["m0"]))).toMatchObject([
    {
      message: "dependency cycle: m0 → m1 → m2 → m3 → m4 → m5 → m6 → m7 → m8 → m9 → (9990 more) → m0",
    },
  ]);
});

test("what was meant is looked for among some hundred machines", () => {
  const fleet = (count: number) => [
    ...many(count, (index) => machine(`web${index}`)),
    machine("z", { dependsOn: ["wed1"] }),
  ];
  expect(check(fleet(100))).toMatchObject([{ message: "unknown machine wed1", suggestion: "web1" }]);
  expect(check(fleet(1000))).toEqual([
    { path: ["machines", "z", "depends_on", 0], target: "value", message: "unknown machine wed1" },
  ]);
});
