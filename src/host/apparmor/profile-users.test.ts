import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isProfileUsed } from "./profile-users.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-profile-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const state = "states/run/runc/abc";
test.each<[string, Record<string, string>, boolean]>([
  ["nothing", {}, false],
  ["a process", { "proc/7/attr/apparmor/current": "berth-machine (enforce)\n" }, true],
  ["a process, before Linux 5.8", { "proc/7/attr/current": "berth-machine (enforce)\n" }, true],
  ["another's process", { "proc/7/attr/current": "berth-machine-2 (enforce)\n" }, false],
  [
    "AppArmor's label before another module's",
    { "proc/7/attr/apparmor/current": "unconfined\n", "proc/7/attr/current": "berth-machine (enforce)\n" },
    false,
  ],
  ["no process", { "proc/self/attr/current": "berth-machine (enforce)\n" }, false],
  ["a machine", { [`${state}/stop-signal`]: "37\n", [`${state}/apparmor`]: "berth-machine\n" }, true],
  ["an unconfined one", { [`${state}/stop-signal`]: "37\n", [`${state}/apparmor`]: "unconfined\n" }, false],
  ["one of strict", { [`${state}/stop-signal`]: "37\n" }, false],
])("%s", (_what, files, expected) => {
  mkdirSync(join(directory, "proc"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  expect(isProfileUsed(join(directory, "proc"), join(directory, "states"))).toBe(expected);
});
