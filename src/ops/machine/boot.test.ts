import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "#engine/connection/connect.ts";
import { spawn } from "#host/process/spawn.ts";
import { parseUnits, waitBooted } from "./boot.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-boot-"));
let server: Server | undefined;
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true });
});

test("a machine that ends between two looks, and is started again, has ended while it booted", async () => {
  const path = join(folder, "docker.sock");
  let hasEnded = false;
  const labels = { "berth.creation": "1", "berth.init": "systemd" };
  const container = () => ({
    Id: "one",
    State: { Running: true, Restarting: hasEnded, ExitCode: 7, Pid: 0 },
    HostConfig: {},
    Config: { Labels: labels },
  });
  server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    const url = request.url ?? "";
    if (url.includes("/json")) return answer(200, container());
    if (url.includes("/logs")) return response.end();
    if (!url.includes("/top")) return answer(200, { ApiVersion: "1.41", Version: "20.10.24" });
    hasEnded = true;
    return answer(409, { message: "Container one is restarting, wait until the container is running" });
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
  const engine = await connect({ kind: "unix", path, source: "--host" }, { spawn });
  const booted = waitBooted(engine, "one", "web", { signal: new AbortController().signal, timeout: 5000 });
  await expect(booted).rejects.toMatchObject({ code: "boot-failed", details: { status: 7 } });
});

test.each([
  [
    "a.service loaded failed failed A thing\n  b.mount  not-found inactive dead b.mount\n",
    [
      ["a.service", "A thing"],
      ["b.mount", "b.mount"],
    ],
  ],
  ["a.service loaded failed failed\n", [["a.service", ""]]],
  ["no unit at\n\n", []],
  // No regular expression may go through the rest once for each x.
  [`a b c ${"x".repeat(1_000_000)}\rz\rz\n`, [["a", "z\rz"]]],
])("the units of a list %#", (list, units) => {
  expect(parseUnits(list).map(({ unit, description }) => [unit, description])).toEqual(units);
});
