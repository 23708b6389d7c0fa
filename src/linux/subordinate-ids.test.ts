import { expect, test } from "bun:test";
import { hasDirectory, parseAccountIds, parseSubordinateIds } from "./subordinate-ids.ts";

test("ranges that others may use are read", () => {
  const text = "# none\nann:100000:65536\n1001:165536:65536\nbroken:1\nincus:2000224256:1000000000\n";
  expect(parseSubordinateIds(text)).toEqual([
    { base: 100_000, count: 65_536 },
    { base: 165_536, count: 65_536 },
    { base: 2_000_224_256, count: 1_000_000_000 },
  ]);
});

test.each([
  [
    "a user and its group",
    "ann:x:2000300000:2000300001:Ann:/home/ann:/bin/sh\n",
    [2_000_300_000, 2_000_300_001],
  ],
  ["a group", "staff:x:2000300002:ann,bob\n", [2_000_300_002]],
  ["what is none", "+\n\n+::::::\n# x\n", []],
])("ids of accounts: %s", (_, text, ids) => {
  expect(parseAccountIds(text)).toEqual(ids.map((base) => ({ base, count: 1 })));
});

test.each([
  ["passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\nshadow: files\nhosts: files dns\n", false],
  ["passwd:\tfiles sss\ngroup: files\n", true],
  ["passwd: files\ngroup: files winbind\n", true],
  ["passwd: files # sss\n", false],
  ["passwd: files\nhosts: files dns sss\n", false],
  ["", false],
])("a directory behind %j: %p", (text, found) => {
  expect(hasDirectory(text)).toBe(found);
});
