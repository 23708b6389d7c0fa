import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessWarnings } from "./folder-access.ts";

let directory: string;
const at = (...names: readonly string[]) => join(directory, ...names);
const seen = () => accessWarnings("/srv/box", { parent: at("parent"), place: at("folder") });

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-folder-")));
  chmodSync(directory, 0o755);
  mkdirSync(at("parent"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a folder that others can walk to is warned of by its own name; a closed one is not", () => {
  mkdirSync(at("parent", "box"));
  expect(seen()).toEqual([expect.stringMatching(/can reach \/srv\/box.*chmod 700 \/srv\/box$/)]);
  chmodSync(at("parent", "box"), 0o700);
  expect(seen()).toEqual([]);
});

test("so is a closed one whose place others can give to another, and where that is so", () => {
  mkdirSync(at("parent", "box"), { mode: 0o700 });
  chmodSync(at("parent"), 0o777);
  expect(seen()).toEqual([expect.stringMatching(/\/srv\/box lead to any directory.*: everybody may write to \/srv\. Keep it .*\/srv$/)]);
});

test("of a link to what is not seen by its name the folder itself is looked at", () => {
  symlinkSync("/nowhere/box", at("parent", "box"));
  mkdirSync(at("folder"), { mode: 0o700 });
  expect(seen()).toEqual([]);
  chmodSync(at("folder"), 0o755);
  expect(seen()).toEqual([expect.stringContaining("chmod 700 /srv/box")]);
});
