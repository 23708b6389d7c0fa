import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLines, readMountinfoOf } from "./mountinfo-of.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-mountinfo-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([
  ["one\ntwo\n", 100, "one\ntwo\n"],
  ["one\ntwo\n", 7, "one\n"],
  ["one\ntwo\n", 3, ""],
  ["", 3, ""],
])("of %j with a limit of %d bytes", (text, most, lines) => {
  writeFileSync(join(directory, "file"), text);
  const file = openSync(join(directory, "file"), "r");
  try {
    expect(readLines(file, most)).toBe(lines);
  } finally {
    closeSync(file);
  }
});

test("this process's own is the whole", () => {
  const points = (mountinfo: string) => mountinfo.split("\n").map((line) => line.split(" ")[4]);
  expect(points(readMountinfoOf(process.pid))).toContain("/proc");
  expect(readMountinfoOf(process.pid).split("\n")[0]).toBe(
    readFileSync("/proc/self/mountinfo", "utf8").split("\n")[0] ?? "",
  );
});
