import { expect, test } from "bun:test";
import { stackOf } from "./signal-exec.ts";

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
