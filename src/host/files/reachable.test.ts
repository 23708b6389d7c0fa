import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trustedUsers, withWay } from "./path-steps.ts";
import { isReachable } from "./reachable.ts";

let directory: string;
const at = (...names: readonly string[]) => join(directory, ...names);
const isOpen = (path: string) => withWay(path, trustedUsers({}), (way) => isReachable(way, trustedUsers({})));

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-reach-")));
  mkdirSync(at("shared"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a directory is in others' reach if all on the way are, whatever link leads there", () => {
  symlinkSync(at("shared"), at("link"));
  expect([isOpen(at("shared")), isOpen(at("link"))]).toEqual([false, false]);
  chmodSync(directory, 0o755);
  expect([isOpen(at("shared")), isOpen(at("link"))]).toEqual([true, true]);
  chmodSync(at("shared"), 0o700);
  expect([isOpen(at("shared")), isOpen(at("link"))]).toEqual([false, false]);
});

test("one that is to be made is as what it is made in; a file is none", () => {
  writeFileSync(at("file"), "");
  chmodSync(directory, 0o755);
  expect([isOpen(at("shared", "new", "deeper")), isOpen(at("file"))]).toEqual([true, false]);
  chmodSync(at("shared"), 0o700);
  expect(isOpen(at("shared", "new"))).toBe(false);
});
