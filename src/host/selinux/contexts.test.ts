import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOnlyContext } from "#contract/security-labels.ts";
import { isKnownContext, isLabellingRefused, withReadableFiles } from "./contexts.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-selinux-"));
  for (const name of ["check", "create"]) writeFileSync(join(directory, name), "");
});
afterEach(() => rmSync(directory, { recursive: true }));
const file = (name: string) => join(directory, name);
const known = () => ({ check: file("check"), create: file("create") });
/** Only the process itself may write it: EACCES or, from Linux 5.13 on, EPERM (proc_pid_attr(5)). */
const refused = "/proc/1/attr/current";
const text = (name: string) => readFileSync(file(name), "utf8");

test("asks the policy for a context", () => {
  expect(isKnownContext("a:b:c:s0", known())).toBe(true);
  expect(text("check")).toBe("a:b:c:s0\0");
  expect(isKnownContext("a:b:c:s0", { ...known(), check: file("nowhere") })).toBe(false);
  expect(isKnownContext("a:b:c:s0", { ...known(), check: refused })).toBeUndefined();
});

test("labels what the work makes, and nothing after it, also where it fails", () => {
  expect(withReadableFiles(() => text("create"), known())).toBe(readOnlyContext);
  expect(text("create")).toBe("\n");
  const failing = () => {
    throw new Error("as the work");
  };
  expect(() => withReadableFiles(failing, known())).toThrow("as the work");
  expect(text("create")).toBe("\n");
  expect(isLabellingRefused(known())).toBe(false);
});

describe("does the work without a label", () => {
  test("where the policy does not know of containers", () => {
    const off = { ...known(), check: file("nowhere") };
    expect(withReadableFiles(() => text("create"), off)).toBe("");
    expect(isLabellingRefused(off)).toBe(false);
  });

  test.each<Partial<ReturnType<typeof known>>>([{ check: refused }, { create: refused }])(
    "where it is refused: %j",
    (refusal) => {
      const files = { ...known(), ...refusal };
      expect(withReadableFiles(() => text("create"), files)).toBe("");
      expect(isLabellingRefused(files)).toBe(true);
    },
  );
});
