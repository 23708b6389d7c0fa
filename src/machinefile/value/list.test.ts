import { expect, test } from "bun:test";
import { splitList } from "#docker-flags/list.ts";
import { renderList } from "./list.ts";

test.each<[readonly string[], string]>([
  [["a", "b=c"], "a,b=c"],
  [["a,b", "c"], '"a,b",c'],
  [["a b"], '"a b"'],
  [['say "x"', "it's", "\\"], '"say \\"x\\"","it\'s","\\\\"'],
  [["", "x"], '"",x'],
  [["two\nlines", "\ttab"], '"two\nlines","\ttab"'],
])("%j is %s, and is read back", (items, text) => {
  expect(renderList(items)).toBe(text);
  expect(splitList(text)).toEqual(items);
});
