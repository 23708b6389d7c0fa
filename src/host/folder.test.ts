import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hungFuse, inMounts, isRoot } from "../../test/lab/mount-namespace.ts";
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

describe.skipIf(!isRoot || !existsSync("/dev/fuse"))("a FUSE of another user that never answers (needs root and /dev/fuse)", () => {
  const program = `const { identityOf, readFolder } = await import(${JSON.stringify(import.meta.resolve("./folder.ts"))});`;

  test("is no folder", async () => {
    const look = `return ["/run/m", "/run/m/box", "/run/link", "/run/own"].map((path) => typeof identityOf(path));`;
    const seen = await inMounts(`${program} ${hungFuse("/run/m")} ${look}`, "mkdir /run/m /run/own; ln -s m/box /run/link");
    expect(seen).toEqual(["undefined", "undefined", "undefined", "string"]);
  });

  test("is not looked into where a folder holds it, whatever in that leads there", async () => {
    const look = `const { entries, reading } = readFolder("/run/box", ["/sbin/init"]); return { entries, reading };`;
    const before = "mkdir -p /run/box/sbin /run/box/home; ln -s ../home/init /run/box/sbin/init; : >/run/box/file";
    expect(await inMounts(`${program} ${hungFuse("/run/box/home")} ${hungFuse("/run/box/file", "file")} ${look}`, before)).toEqual({
      entries: [
        { name: "file", kind: "file" },
        { name: "home", kind: "directory" },
        { name: "sbin", kind: "directory" },
      ],
      reading: { missing: "program" },
    });
  });
});
