import { expect, test } from "bun:test";
import { wrapText } from "./wrap.ts";

test.each([
  ["what fits stays", "one two", 0, "one two"],
  ["words are not broken", "no engine answers at unix:///x/y", 0, "no engine answers at\n  unix:///x/y"],
  ["what stands before takes room", "no engine answers at all", 7, "no engine answers at\n  all"],
  [
    "a longer word is left whole",
    "at unix:///var/run/docker.sock or so",
    0,
    "at\n  unix:///var/run/docker.sock\n  or so",
  ],
  [
    "a command stays whole",
    "start it again (`berth engine start`), or",
    0,
    "start it again\n  (`berth engine start`),\n  or",
  ],
  [
    "unless it is longer than a line",
    "say `berth up web --image debian-12 --cpus 2`",
    0,
    "say `berth up web --image\n  debian-12 --cpus 2`",
  ],
  [
    "lines of its own are less deep",
    "a b\nfile:1:1 machines: there are none",
    0,
    "a b\n  file:1:1 machines: there\n    are none",
  ],
  ["an indent stays", "  → see that the engine listens", 0, "  → see that the engine\n  listens"],
  [
    "a lone backquote is a letter",
    "the ` of a shell that has another end",
    0,
    "the ` of a shell that has\n  another end",
  ],
  ["wide letters take two cells", "漢字漢字漢字 漢字漢字漢字 ab", 0, "漢字漢字漢字 漢字漢字漢字\n  ab"],
])("%s", (_, text, first, expected) => {
  expect(wrapText(text, { width: 27, first, indent: "  " })).toBe(expected);
});

test("nothing is broken without a terminal, nor where it has no room", () => {
  const text = "a text that is rather longer than its room\nand has a second line";
  const lines = text.replace("\n", "\n  ");
  expect(wrapText(text, { width: undefined, indent: "  " })).toBe(lines);
  expect(wrapText(text, { width: 12, indent: "  " })).toBe(lines);
});
