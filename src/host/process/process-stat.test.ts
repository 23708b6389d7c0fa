import { describe, expect, test } from "bun:test";
import { findProcess, isThere, isToEnd, parseProcessStat } from "./process-stat.ts";

const rest = "0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";

describe("parseProcessStat", () => {
  test.each([
    [`12 (sh) S 3 ${rest}`, { pid: 12, parent: 3, startTime: "4711", state: "S" }],
    [`12 (a ) Z (b) S 3 ${rest}\n`, { pid: 12, parent: 3, startTime: "4711", state: "S" }],
    [`12 (a\n13 (b) R 4) S 3 ${rest}`, { pid: 12, parent: 3, startTime: "4711", state: "S" }],
    ["", undefined],
    ["12 (sh) S 3", undefined],
    ["nothing (of) the sort", undefined],
  ])("%j", (line, expected) => {
    expect(parseProcessStat(line)).toEqual(expected);
  });
});

test.each([
  ["runs", "0", "0", false],
  ["has other signals to act upon", "0", String(2 ** 14), false],
  ["is exiting", "4194308", "0", true],
  ["has a SIGKILL to act upon", "4194304", "256", true],
])("whether a process is to end: one that %s", (_, flags, signal, expected) => {
  // Its name may look like the fields.
  const line = `12 (a) S 3 ) D 3 0 0 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0 0 0 0 0 0 0 ${signal} 0 0 0`;
  expect(isToEnd(line)).toBe(expected);
});

test("a process is there, and none that had its number before, or has ended", () => {
  const own = findProcess(process.pid);
  if (own === undefined) throw new Error("no /proc entry of our own");
  expect(own).toEqual({ pid: process.pid, startTime: expect.stringMatching(/^\d+$/) });
  expect(isThere(own)).toBe(true);
  expect(isThere({ ...own, startTime: "1" })).toBe(false);
  expect(isThere({ ...own, pid: 999_999_999 })).toBe(false);
});
