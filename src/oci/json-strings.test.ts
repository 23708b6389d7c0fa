import { expect, test } from "bun:test";
import { jsonStrings } from "./json-strings.ts";

test.each<[string, string, readonly string[]]>([
  ["none", "[1, true, null, {}, -2.5e3]", []],
  ["names and values, at every depth", '{"a":["b",{"c":"d"}],"e":[[["f"]]]}', ["a", "b", "c", "d", "e", "f"]],
  [
    "both of a name that is there twice",
    '{"Env":["A=1"],"Env":["B=2"],"env":["C=3"]}',
    ["Env", "A=1", "Env", "B=2", "env", "C=3"],
  ],
  [
    "escapes decoded",
    String.raw`["\u0042ERTH\u005fX\u003d1", "a\"b\\", "\\\"", "\/\n\ud83d\ude00"]`,
    ["BERTH_X=1", 'a"b\\', '\\"', "/\n😀"],
  ],
  ["backslashes before the end", String.raw`["\\","\\\\","\\\"\\"]`, ["\\", "\\\\", '\\"\\']],
  [
    "what looks like more strings inside of one",
    String.raw`["\"BERTH_PROFILE=strict\""]`,
    ['"BERTH_PROFILE=strict"'],
  ],
  ["a lone surrogate", String.raw`["a\ud800"]`, ["a\ud800"]],
  ["empty ones", '["",""]', ["", ""]],
])("%s", (_, json, strings) => expect([...jsonStrings(json)]).toEqual([...strings]));

test.each(['{"a', String.raw`"a\"`, '"\n"', String.raw`"\x"`])("no JSON: %j", (json) =>
  expect(() => [...jsonStrings(json)]).toThrow(SyntaxError),
);

test("takes time in proportion to the text, whatever is in it", () => {
  const long = 4_000_000;
  for (const piece of ["\\\\", '\\"', "a"])
    expect([...jsonStrings(`["${piece.repeat(long / piece.length)}"]`)][0]).toHaveLength(long / piece.length);
  expect([...jsonStrings(`[${'"",'.repeat(long / 4)}""]`)]).toHaveLength(long / 4 + 1);
}, 20_000);
