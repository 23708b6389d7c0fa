import { expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { type Entry, parseLabel, parseVariable, resolveEntries } from "./environment.ts";

test.each<[string, Entry]>([
  ["A=b", { name: "A", value: "b" }],
  ["A=", { name: "A", value: "" }],
  ["A=b=c", { name: "A", value: "b=c" }],
  ["_a1", { name: "_a1" }],
])("%p is a variable", (text, entry) => {
  expect(parseVariable(text)).toEqual(entry);
});

test.each<[string, string | undefined]>([
  ["", undefined],
  ["=b", undefined],
  ["1A=b", undefined],
  ["A-B=c", "A_B"],
])("%p is no variable; %p may be meant", (text, meant) => {
  expect(faultOf(() => parseVariable(text)).suggestion).toBe(meant);
});

test("a label has a key of its own, and may be empty", () => {
  expect([parseLabel("a.b=c=d"), parseLabel("x")]).toEqual([
    { name: "a.b", value: "c=d" },
    { name: "x", value: "" },
  ]);
  for (const text of ["", "=x", "a b=c", "berth.name=x"]) faultOf(() => parseLabel(text));
});

test("a later entry wins, and one without a value takes the caller's or goes", () => {
  const entries = [
    { name: "A", value: "1" },
    { name: "B", value: "2" },
    { name: "A" },
    { name: "B" },
    { name: "toString" },
  ];
  expect(resolveEntries(entries, { A: "mine" })).toEqual({ A: "mine" });
});

test("a name that objects inherit is a name like any other", () => {
  const entries = resolveEntries([{ name: "__proto__", value: "x" }], {});
  expect(Object.entries(entries)).toEqual([["__proto__", "x"]]);
});
