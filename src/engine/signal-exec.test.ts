import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { BerthError } from "#errors.ts";
import type { Engine } from "./connection/engine.ts";
import { signalExec } from "./signal-exec.ts";

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
