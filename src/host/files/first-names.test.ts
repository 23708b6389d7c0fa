import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstNames, pagesOf } from "./first-names.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-names-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("all names are read where there are no more, over several pages", () => {
  for (let i = 0; i < 2000; i++) writeFileSync(join(directory, `${i}-${"x".repeat(40)}`), "");
  mkdirSync(join(directory, "ümläut"));
  expect([...firstNames(directory, 5000)].sort()).toEqual(readdirSync(directory).sort());
  expect(firstNames(directory, 10)).toHaveLength(10);
});

test("a page is short, however many there are, and who wants no more leaves nothing open", () => {
  for (let i = 0; i < 100; i++) writeFileSync(join(directory, `${i}`.padEnd(250, "x")), "");
  const open = readdirSync("/proc/self/fd").length;
  const pages = [...pagesOf(directory)];
  expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(16);
  expect(pages.flat()).toHaveLength(100);
  for (const page of pagesOf(directory)) if (page.length > 0) break;
  expect(readdirSync("/proc/self/fd")).toHaveLength(open);
});

test("an empty directory has none, and what is no directory cannot be read", () => {
  expect(firstNames(directory, 10)).toEqual([]);
  writeFileSync(join(directory, "file"), "");
  expect(() => firstNames(join(directory, "file"), 10)).toThrow("ENOTDIR");
});
