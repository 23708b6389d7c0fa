import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRealRuntime } from "./real-runtime.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-real-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A runtime that counts how often it is asked, and does something before it answers. */
function install(version: string, before = "true"): string {
  const program = join(directory, "a runtime");
  rmSync(program, { force: true });
  writeFileSync(program, `#!/bin/sh\necho asked >>'${directory}/asked'\n${before}\necho '${version}'\n`);
  chmodSync(program, 0o755);
  return program;
}
const asked = () => readFileSync(join(directory, "asked"), "utf8").split("\n").length - 1;

test("a runtime is asked once, and again when it is another", () => {
  const kept = join(directory, "kept");
  const program = install("runc version 1.1.5");
  for (const _ of [1, 2, 3])
    expect(readRealRuntime(program, kept)).toEqual({ name: "runc", version: [1, 1, 5] });
  expect(asked()).toBe(1);
  expect(readRealRuntime(install("crun version 1.8"), kept)).toEqual({ name: "crun", version: [1, 8, 0] });
  expect(asked()).toBe(2);
  expect(readdirSync(kept)).toEqual(["real-runtime"]);
});

test("one that is not there, and one that says nothing, are unknown", () => {
  expect(readRealRuntime(join(directory, "none"), directory)).toBeUndefined();
  expect(readRealRuntime(install(""), directory)).toBeUndefined();
});

test.each([
  ["one that took too long", "exec sleep 60"],
  ["one that was killed", "kill -KILL $$"],
])("%s is asked again", (_, before) => {
  const kept = join(directory, "kept late");
  expect(readRealRuntime(install("runc version 1.1.5", before), kept, 200)).toBeUndefined();
  const program = join(directory, "a runtime");
  const first = asked();
  expect(readRealRuntime(program, kept, 200)).toBeUndefined();
  expect(asked()).toBe(first + 1);
});
