import { expect, test } from "bun:test";
import { suggest } from "./suggest.ts";

test.each<[string, string[], string | undefined]>([
  ["memroy", ["memory", "image"], "memory"],
  ["MEMORY", ["memory"], "memory"],
  ["imge", ["memory", "image"], "image"],
  ["depends-on", ["depends_on"], "depends_on"],
  ["wb", ["web", "db"], "web"],
  ["colour", ["memory", "image"], undefined],
  ["x", ["memory", "db"], undefined],
  ["web", [], undefined],
])("the word meant by %p among %p is %p", (word, candidates, meant) => {
  expect(suggest(word, candidates)).toBe(meant);
});
