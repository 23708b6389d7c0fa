import { expect, test } from "bun:test";
import { planWaves } from "./waves.ts";

const machines = (needs: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(needs).map(([name, dependsOn]) => ({ name, dependsOn }));
const names = (needs: Readonly<Record<string, readonly string[]>>) =>
  planWaves(machines(needs)).map((wave) => wave.map(({ name }) => name).sort());

test.each([
  ["none", {}, []],
  ["apart", { a: [], b: [] }, [["a", "b"]]],
  ["a chain, dependents first", { a: ["b"], b: ["c"], c: [] }, [["a"], ["b"], ["c"]]],
  ["a diamond", { top: ["l", "r"], l: ["base"], r: ["base"], base: [] }, [["top"], ["l", "r"], ["base"]]],
  ["what is not there does not matter", { a: ["gone"] }, [["a"]]],
  ["a cycle goes together, after what hangs on it", { x: ["a"], a: ["b"], b: ["a"] }, [["x"], ["a", "b"]]],
] as const)("%s", (_, needs, waves) => {
  expect(names(needs)).toEqual(waves as unknown as string[][]);
});
