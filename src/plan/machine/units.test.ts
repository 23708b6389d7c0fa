import { expect, test } from "bun:test";
import { parseUnits } from "./units.ts";

test.each([
  [
    "a.service loaded failed failed A thing\n  b.mount  not-found inactive dead b.mount\n",
    [
      ["a.service", "A thing"],
      ["b.mount", "b.mount"],
    ],
  ],
  ["a.service loaded failed failed\n", [["a.service", ""]]],
  ["no unit at\n\n", []],
  // No regular expression may go through the rest once for each x.
  [`a b c ${"x".repeat(1_000_000)}\rz\rz\n`, [["a", "z\rz"]]],
])("the units of a list %#", (list, units) => {
  expect(parseUnits(list).map(({ unit, description }) => [unit, description])).toEqual(units);
});
