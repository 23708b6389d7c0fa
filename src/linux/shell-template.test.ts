import { expect, test } from "bun:test";
import { fillTemplate } from "./shell-template.ts";

test.each([
  ["in a line", "a='@NAME@'; echo \"$@\"\n", { NAME: "$& $1" }, "a='$& $1'; echo \"$@\"\n"],
  ["twice", "@A@ @A@ @B_C@", { A: "1", B_C: "2" }, "1 1 2"],
  ["a whole line", "one\n  # @LINES@\nfour\n", { LINES: "two\nthree\n" }, "one\ntwo\nthree\nfour\n"],
  ["nothing", "echo root@HOST\n", {}, "echo root@HOST\n"],
])("%s is filled in", (_, template, values, expected) => {
  expect(fillTemplate(template, values)).toBe(expected);
});

test.each([
  ["a mark without a value", "x=@X@", {}, "missing value for the mark @X@"],
  ["a line without a value", "# @X@\n", {}, "missing value for the mark # @X@"],
  ["a value without a mark", "x=@X@", { X: "1", Y: "2" }, "unused value Y (missing mark: @Y@)"],
])("%s is a mistake", (_, template, values, message) => {
  expect(() => fillTemplate(template, values)).toThrow(message);
});
