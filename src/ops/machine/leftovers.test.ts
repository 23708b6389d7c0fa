import { expect, test } from "bun:test";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

test.skipIf(!isRoot)(
  "what an engine has left is removed as long as it is that engine, and no later process of its number (needs root)",
  async () => {
    const seen = await inMounts(`
    const { removeLeftovers } = await import(${JSON.stringify(import.meta.resolve("./leftovers.ts"))});
    const { findProcess } = await import(${JSON.stringify(import.meta.resolve("#host/process/process-stat.ts"))});
    const { existsSync, mkdirSync, writeFileSync } = await import("node:fs");
    const state = "/run/berth/runtime/r/box";
    mkdirSync(state, { recursive: true });
    writeFileSync(state + "/stop-signal", "37\\n0\\n");
    const engine = findProcess(process.pid);
    const remove = (engineProcess) => removeLeftovers({}, { engineProcess, states: [state], probes: [], builders: [] }, new AbortController().signal)
      .then(() => "done", ({ code }) => code);
    const seen = [];
    for (const engineProcess of [{ ...engine, startTime: "1" }, engine]) seen.push(await remove(engineProcess), existsSync(state));
    return seen;`);
    expect(seen).toEqual(["engine-lost", true, "done", false]);
  },
);
