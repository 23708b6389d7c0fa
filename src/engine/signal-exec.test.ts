import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { BerthError } from "#errors.ts";
import type { Engine } from "./connection/engine.ts";
import { isAlive, signalExec, stackOf } from "./signal-exec.ts";

const processes = [["12", "00007ffdd4530510"], ["13", "0000000000000000"], ["14", "?"], ["15"]];

test.each([
  [12, "140728165664016"],
  [13, undefined],
  [14, undefined],
  [15, undefined],
  [16, undefined],
])("the stack of %d", (pid, expected) => {
  expect(stackOf(processes, pid)).toBe(expected as string);
});

const states = [
  ["12", "00007ffdd4530510", "Ss"],
  ["13", "0000000000000000", "R"],
  ["14", "0000000000000000", "Zs"],
  ["15", "0000000000000000", "X"],
];

test.each([
  [12, true],
  [13, true],
  [14, false],
  [15, false],
  [16, false],
])("the process %d has not ended: %p", (pid, expected) => {
  expect(isAlive(states, pid)).toBe(expected);
});

test("an interruption while a command ends is one", async () => {
  const interruption = new AbortController();
  const engine: Engine = {
    endpoint: { kind: "unix", path: "/nowhere", source: "test" },
    apiVersion: "1.41",
    request: async ({ path, signal }) => {
      signal?.throwIfAborted();
      // Its stack is gone, and it is none the less there.
      const body = path.endsWith("/json")
        ? { Running: true, Pid: 13 }
        : { Processes: [["13", "0000000000000000", "R"]] };
      setTimeout(() => interruption.abort(new BerthError("interrupted", "interrupted")), 5);
      return {
        kind: "answer",
        status: 200,
        headers: {},
        body: Readable.from([Buffer.from(JSON.stringify(body))]),
      };
    },
  };
  const sent = signalExec(engine, "web", "command", "HUP", { signal: interruption.signal });
  await expect(sent).rejects.toMatchObject({ code: "interrupted" });
});
