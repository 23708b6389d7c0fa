import { expect, test } from "bun:test";
import { parseAccountIds } from "./account.ts";

test.each([
  [
    "a user and its group",
    "ann:x:2000300000:2000300001:Ann:/home/ann:/bin/sh\n",
    [2_000_300_000, 2_000_300_001],
  ],
  ["a group", "staff:x:2000300002:ann,bob\n", [2_000_300_002]],
  ["what is none", "+\n\n+::::::\n# x\n", []],
])("ids of accounts: %s", (_, text, ids) => {
  expect(parseAccountIds(text)).toEqual(ids);
});
