import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hungFuse, inMounts, isRoot } from "#lab/mount-namespace.ts";
import { mostNames } from "#plan/loader/folder.ts";
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

test("each name is told by what it is, links by where they lead", () => {
  mkdirSync(join(folder, "usr"));
  symlinkSync("usr/bin", join(folder, "bin"));
  symlinkSync("nowhere", join(folder, "lost"));
  writeFileSync(join(folder, "swapfile"), "");
  spawnSync("mkfifo", [join(folder, "pipe")]);
  expect(readFolder(folder, ["/sbin/init"]).entries).toEqual([
    { name: "bin", kind: "link", target: "usr/bin" },
    { name: "lost", kind: "link", target: "nowhere" },
    { name: "pipe", kind: "other" },
    { name: "swapfile", kind: "file" },
    { name: "usr", kind: "directory" },
  ]);
});

test("of any number of names no more are read than tell that there are too many", () => {
  for (let index = 0; index < mostNames + 50; index++) writeFileSync(join(folder, `n${index}`), "");
  expect(readFolder(folder, ["/sbin/init"]).entries).toHaveLength(mostNames + 1);
});

describe.skipIf(!isRoot || !existsSync("/dev/fuse"))(
  "a FUSE of another user that never answers (needs root and /dev/fuse)",
  () => {
    const program = `const { identityOf, readFolder } = await import(${JSON.stringify(import.meta.resolve("./folder.ts"))});`;

    test("is no folder", async () => {
      const look = `return ["/run/m", "/run/m/box", "/run/link", "/run/own"].map((path) => typeof identityOf(path));`;
      const seen = await inMounts(
        `${program} ${hungFuse("/run/m")} ${look}`,
        "mkdir /run/m /run/own; ln -s m/box /run/link",
      );
      expect(seen).toEqual(["undefined", "undefined", "undefined", "string"]);
    });

    test("is not looked into where a folder holds it, whatever in that leads there", async () => {
      const look = `const { entries, reading } = readFolder("/run/box", ["/sbin/init"]); return { entries, reading };`;
      const before =
        "mkdir -p /run/box/sbin /run/box/home; ln -s ../home/init /run/box/sbin/init; : >/run/box/file";
      expect(
        await inMounts(
          `${program} ${hungFuse("/run/box/home")} ${hungFuse("/run/box/file", "file")} ${look}`,
          before,
        ),
      ).toEqual({
        entries: [
          { name: "file", kind: "file" },
          { name: "home", kind: "directory" },
          { name: "sbin", kind: "directory" },
        ],
        reading: { missing: "program" },
      });
    });
  },
);
