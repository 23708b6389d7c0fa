import { expect, test } from "bun:test";
import { RelayGate, readDescriptorLimit, relayLimits } from "./relay-gate.ts";

test.each([
  ["as Docker has it", 1_048_576, 3, { all: 2_000, each: 1_000 }],
  ["without a limit", Number.POSITIVE_INFINITY, 1, { all: 2_000, each: 1_000 }],
  ["a shell's", 1_024, 4, { all: 223, each: 112 }],
  ["a shell's, and a range of ports", 1_024, 1_000, { all: 2, each: 1 }],
] as const)("limits by descriptors: %s", (_, descriptors, ports, limits) => {
  expect(relayLimits(descriptors, ports)).toEqual(limits);
});

test("this process has a limit", () => expect(readDescriptorLimit()).toBeGreaterThan(100));

test("no port has more than its part, all together no more than all; what ends makes room, and one is told once", () => {
  const told: string[] = [];
  const gate = new RelayGate({ all: 3, each: 2 }, (text) => told.push(text));
  const [web, mail] = [gate.at("tcp 80"), gate.at("tcp 25")];
  const ends = [web(), web()];
  expect(told).toEqual([]);
  expect(web()).toBeUndefined();
  expect(told).toEqual([expect.stringContaining("tcp 80 has 2 relayed connections")]);
  expect([typeof mail(), typeof mail()]).toEqual(["function", "undefined"]);
  ends[0]?.();
  expect([typeof mail(), typeof web()]).toEqual(["function", "undefined"]);
  expect(told).toHaveLength(1);
});
