import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "#engine/connection/connect.ts";
import { markSelf } from "#host/process/process-mark.ts";
import { spawn } from "#host/process/spawn.ts";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";
import { findLeftovers } from "./leftovers.ts";

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

test("a builder's container is left by a berth that has ended, by no label of an image's", async () => {
  const ended = markSelf().replace(/\d+$/, "1");
  const container = (name: string, mark: string, ImageID = "plain") => ({
    ...{ Id: name, Names: [`/${name}`], ImageID, Created: 0, State: "running", HostConfig: {} },
    Labels: { "berth.builder": name, "berth.builder.process": mark },
  });
  const containers = [
    container("left", ended),
    container("building", markSelf()),
    container("elsewhere", ended.replace(/^\S+/, "another-boot")),
    container("authored", ended, "authored"),
  ];
  const answerTo = (url: string) => {
    if (url.includes("/containers/json")) return containers;
    if (url.includes("/images/authored")) return { Config: { Labels: containers[3]?.Labels } };
    return { ApiVersion: "1.41", Version: "20.10.24", Config: {} };
  };
  const folder = mkdtempSync(join(tmpdir(), "berth-leftovers-"));
  const socket = join(folder, "docker.sock");
  const server = createServer(({ url = "" }, response) => response.end(JSON.stringify(answerTo(url))));
  try {
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const engine = await connect({ kind: "unix", path: socket, source: "--host" }, { spawn });
    const { builders, probes } = await findLeftovers(engine, undefined, new AbortController().signal);
    expect({ builders, probes }).toEqual({ builders: ["left"], probes: [] });
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
