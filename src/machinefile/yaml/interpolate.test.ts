// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of machine files.
import { expect, test } from "bun:test";
import { interpolate } from "./interpolate.ts";

const variables = { A: "1", EMPTY: "", NESTED: "$A" };

test.each<[string, string]>([
  ["plain", "plain"],
  ["$A", "1"],
  ["${A}-${A}", "1-1"],
  ["$$A $${A}", "$A ${A}"],
  ["${EMPTY}", ""],
  ["${X:-d}", "d"],
  ["${X-d}", "d"],
  ["${EMPTY:-d}", "d"],
  ["${EMPTY-d}", ""],
  ["${A:-d}", "1"],
  ["${X:-}", ""],
  ["${X:-${Y:-${A}}}!", "1!"],
  ["${X:-a$$}", "a$"],
  ["${A:?needed}", "1"],
  ["${EMPTY?needed}", ""],
  ["${A:+yes}${EMPTY:+no}${X+no}${EMPTY+set}", "yesset"],
  ["${NESTED}", "$A"],
  ["${A:-${X}}", "1"],
  ["a}b", "a}b"],
])("%p becomes %p", (text, result) => {
  expect(interpolate(text, variables)).toEqual({ text: result, faults: [] });
});

test.each<[string, string[]]>([
  ["$X ${Y}", ["the variable X is not set", "the variable Y is not set"]],
  ["${X:?give X}", ["the variable X is not set: give X"]],
  ["${EMPTY:?give it}", ["the variable EMPTY is empty: give it"]],
  ["${X?}", ["the variable X is not set"]],
  ["${toString}", ["the variable toString is not set"]],
  ["cost: 5$", ['invalid variable at "$" (example: ${NAME}; a dollar sign is $$)']],
  [
    `${"${X:-".repeat(20)}${"}".repeat(20)}`,
    ["defaults of variables nested more than 10 deep (example: ${NAME:-default})"],
  ],
  ["${A", ['invalid variable at "$" (example: ${NAME}; a dollar sign is $$)']],
  ["${1A}", ['invalid variable "${1A}" (example: ${NAME} or ${NAME:-default})']],
  ["${A!x}", ['invalid variable "${A!x}" (example: ${NAME} or ${NAME:-default})']],
])("%p is at fault", (text, faults) => {
  expect(interpolate(text, variables).faults).toEqual(faults);
});
