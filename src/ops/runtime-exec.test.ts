import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtimeExec } from "./runtime-exec.ts";

let state = "";
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "berth-exec-"));
  writeFileSync(join(state, "lacking"), "CAP_SYS_RESOURCE\nCAP_BPF\n");
});
afterEach(() => rmSync(state, { recursive: true }));

function patched(text: string): string {
  const process = join(state, "process.json");
  writeFileSync(process, text);
  runtimeExec({ process, state });
  return readFileSync(process, "utf8");
}

test("what the host lacks goes from every set of capabilities, and from nothing else", () => {
  const sets = { bounding: ["CAP_CHOWN", "CAP_SYS_RESOURCE"], effective: ["CAP_BPF"], ambient: [] };
  const process = { args: ["echo", "CAP_SYS_RESOURCE"], env: ["A=CAP_BPF"], cwd: "/", capabilities: sets };
  expect(JSON.parse(patched(JSON.stringify(process)))).toEqual({
    ...process,
    capabilities: { bounding: ["CAP_CHOWN"], effective: [], ambient: [] },
  });
});

test("long integers stay as they are, and a process without capabilities is left alone", () => {
  const rlimits = '"rlimits":[{"type":"RLIMIT_MEMLOCK","hard":18446744073709551615,"soft":18446744073709551615}]';
  expect(patched(`{"capabilities":{"bounding":[]},${rlimits}}`)).toContain(rlimits);
  expect(patched(`{ ${rlimits} }`)).toBe(`{ ${rlimits} }`);
});
