import { expect, test } from "bun:test";
import { parseSubordinateIds } from "./subordinate-ids.ts";

test("ranges that others may use are read", () => {
  const text = "# none\nann:100000:65536\n1001:165536:65536\nbroken:1\nincus:2000224256:1000000000\n";
  expect(parseSubordinateIds(text)).toEqual([
    { base: 100_000, count: 65_536 },
    { base: 165_536, count: 65_536 },
    { base: 2_000_224_256, count: 1_000_000_000 },
  ]);
});
