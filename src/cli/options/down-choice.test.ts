import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContext } from "#cli/frame/context.ts";
import { parseGlobals } from "#cli/frame/global-options.ts";
import { memoryIo } from "#cli/test/memory-io.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { chooseToRemove } from "./down-choice.ts";

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-down-")));
  writeFileSync(join(directory, "berth.yaml"), "machines: {web: {image: x}}\n");
});
afterEach(() => rmSync(directory, { recursive: true }));

const there = [
  { name: "box", network: "box.internal", owner: { name: "box" } },
] as unknown as readonly Machine[];
function chosen(...names: readonly string[]) {
  const memory = memoryIo({ cwd: directory });
  const { context } = openContext(memory.io, parseGlobals({}), memory.io.signal);
  const { machines, domains } = chooseToRemove(context, { names, domain: undefined, all: false })(there);
  return { machines: machines.map(({ name }) => name), domains, stderr: memory.stderr() };
}

test("a found file that others may write to is as none to names, which is said once, and is refused without them", () => {
  chmodSync(join(directory, "berth.yaml"), 0o666);
  const { machines, domains, stderr } = chosen("box");
  expect({ machines, domains }).toEqual({ machines: ["box"], domains: [] });
  expect(stderr.match(/was found, but it is not only yours/g)).toHaveLength(1);
  expect(() => chosen()).toThrow(expect.objectContaining({ code: "file-untrusted" }));
});
