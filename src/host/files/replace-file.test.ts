import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replaceFile } from "./replace-file.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-replace-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a file is replaced whatever one that was killed, and had this process's number, has left beside it", async () => {
  const file = join(directory, "daemon.json");
  const left = `${file}.berth-${process.pid}`;
  for (const path of [file, left]) writeFileSync(path, "{");
  await replaceFile(file, "{}");
  expect(readFileSync(file, "utf8")).toBe("{}");
  // It may be another's at this moment: containers share files, and have numbers of their own.
  expect(readFileSync(left, "utf8")).toBe("{");
  expect(readdirSync(directory)).toHaveLength(2);
});
