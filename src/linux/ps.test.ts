import { expect, test } from "bun:test";
import { isAlive, isInScope, stackOf, uidOf } from "./ps.ts";

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

test.each([
  [
    [
      ["7", "0::/docker/ab/init.scope"],
      ["8", "0::/docker/ab/system.slice"],
    ],
    true,
  ],
  [[["7", "0::/docker/ab"], ["8"]], false],
  [[], false],
])("systemd is in its place in %j: %p", (rows, expected) => {
  expect(isInScope(rows)).toBe(expected);
});

test.each([
  [["PID", "UID"], [["7", "100000"]], 100000],
  [["UID", "PID"], [["0", "7"]], 0],
  [["PID", "UID"], [["8", "0"]], undefined],
  [["PID"], [["7"]], undefined],
  [["PID", "UID"], [["7", "root"]], undefined],
])("with the columns %j of %j the user of 7 is %p", (titles, rows, expected) => {
  expect(uidOf(titles, rows, 7)).toBe(expected as number);
});
