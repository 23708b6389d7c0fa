import { expect, test } from "bun:test";
import { allocateAddresses, subnetsOverlap } from "./address.ts";

const allocate = (
  requests: readonly (readonly [string, string?])[],
  options: { subnet?: string; gateway?: string; taken?: readonly string[] } = {},
) =>
  Object.fromEntries(
    allocateAddresses(
      requests.map(([name, address]) => ({ name, address })),
      options.subnet ?? "10.72.0.0/24",
      options.gateway,
      new Set(options.taken),
    ),
  );

test.each([
  ["lowest free, after the gateway", [["a"], ["b"]], {}, { a: "10.72.0.2", b: "10.72.0.3" }],
  ["wishes first, whatever the order", [["a"], ["b", "10.72.0.2"]], {}, { a: "10.72.0.3", b: "10.72.0.2" }],
  ["taken ones are stepped over", [["a"]], { taken: ["10.72.0.2", "10.72.0.3"] }, { a: "10.72.0.4" }],
  ["another gateway frees the first", [["a"]], { gateway: "10.72.0.254" }, { a: "10.72.0.1" }],
  [
    "across an octet",
    [["a"]],
    { subnet: "10.0.0.0/16", taken: Array.from({ length: 254 }, (_, i) => `10.0.0.${i + 2}`) },
    { a: "10.0.1.0" },
  ],
] as const)("%s", (_, requests, options, expected) => {
  expect(allocate(requests, options)).toEqual(expected);
});

test("a full subnet and a taken wish are conflicts, before anything is given", () => {
  expect(() => allocate([["a"], ["b"], ["c"], ["d"], ["e"], ["f"]], { subnet: "10.0.0.0/29" })).toThrow(
    expect.objectContaining({ code: "conflict" }),
  );
  expect(Object.keys(allocate([["a"], ["b"], ["c"], ["d"], ["e"]], { subnet: "10.0.0.0/29" }))).toHaveLength(
    5,
  );
  expect(() => allocate([["a", "10.72.0.9"]], { taken: ["10.72.0.9"] })).toThrow(
    expect.objectContaining({ code: "conflict" }),
  );
});

test.each([
  ["10.72.0.0/24", "10.72.0.0/24", true],
  ["10.72.0.0/16", "10.72.9.0/24", true],
  ["10.72.9.0/24", "10.72.0.0/16", true],
  ["10.72.0.0/24", "10.72.1.0/24", false],
  ["fd00::/64", "10.72.0.0/24", false],
  ["", "10.72.0.0/24", false],
])("%p and %p overlap: %p", (one, other, expected) => {
  expect(subnetsOverlap(one, other)).toBe(expected);
});
