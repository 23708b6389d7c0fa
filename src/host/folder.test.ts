import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFolder } from "./folder.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a name that is no UTF-8 is told from one that only looks like it", () => {
  mkdirSync(join(folder, "a\ufffdb"));
  mkdirSync(join(folder, "plain"));
  spawnSync("sh", ["-c", "mkdir \"$1/$(printf 'x\\377y')\"", "sh", folder]);
  expect(readFolder(folder, ["/sbin/init"]).entries).toEqual([
    { name: "a\ufffdb", kind: "directory" },
    { name: "plain", kind: "directory" },
    { name: "x\ufffdy", kind: "unnamable" },
  ]);
});
