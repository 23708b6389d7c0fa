import { expect, test } from "bun:test";
import { label } from "#labels/machine.ts";
import { type Ordered, startOrder, stopOrder } from "./order.ts";

const machines = (needs: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(needs).map(([name, dependsOn]) => ({
    name,
    labels: { [label.spec]: JSON.stringify({ dependsOn }) },
  }));
const shown = (ordered: readonly Ordered<unknown>[]) =>
  ordered.map(({ name, after }) => (after.length > 0 ? `${name} after ${after.join(", ")}` : name));

test.each([
  ["apart", { a: [], b: [] }, ["a", "b"], ["a", "b"]],
  [
    "a chain",
    { a: ["b"], b: ["c"], c: [] },
    ["c", "b after c", "a after b"],
    ["a", "b after a", "c after b"],
  ],
  [
    "a diamond",
    { top: ["l", "r"], l: ["base"], r: ["base"], base: [] },
    ["base", "l after base", "r after base", "top after l, r"],
    ["top", "l after top", "r after top", "base after l, r"],
  ],
  ["what is not there", { a: ["gone"] }, ["a"], ["a"]],
  [
    "a cycle goes together",
    { x: ["a"], a: ["b", "y"], b: ["a"], y: [] },
    ["a", "b", "y", "x after a"],
    ["x", "a after x", "b", "y"],
  ],
] as const)("%s", (_, needs, start, stop) => {
  expect([shown(startOrder(machines(needs))), shown(stopOrder(machines(needs)))]).toEqual([
    [...start],
    [...stop],
  ]);
});

test("labels that somebody has spoilt say nothing", () => {
  for (const spec of ["{", "[]", '{"dependsOn":"b"}', '{"dependsOn":[1,null]}'])
    expect(shown(startOrder([{ name: "a", labels: { [label.spec]: spec } }]))).toEqual(["a"]);
});
