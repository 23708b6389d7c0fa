import { expect, test } from "bun:test";
import { isAlive, stackOf } from "./signal-exec.ts";

const processes = [["12", "00007ffdd4530510"], ["13", "0000000000000000"], ["14", "?"], ["15"]];

test.each([
  [12, "140728165664016"],
  [13, undefined],
  [14, undefined],
  [15, undefined],
  [16, undefined],
])("the stack of %d", (pid, expected) => {
  expect(stackOf(processes, pid)).toBe(expected as string);
});

const states = [
  ["12", "00007ffdd4530510", "Ss"],
  ["13", "0000000000000000", "R"],
  ["14", "0000000000000000", "Zs"],
  ["15", "0000000000000000", "X"],
];

test.each([
  [12, true],
  [13, true],
  [14, false],
  [15, false],
  [16, false],
])("the process %d has not ended: %p", (pid, expected) => {
  expect(isAlive(states, pid)).toBe(expected);
});
