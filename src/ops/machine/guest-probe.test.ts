import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "#engine/connection/connect.ts";
import { spawn } from "#host/process/spawn.ts";
import { programOf } from "./guest-probe.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-probe-"));
/** What the engine says of any path, undefined where there is none; and whether it has the container. */
let stat: object | undefined = {};
let hasContainer = true;
const socket = join(folder, "docker.sock");
const server = createServer((request, response) => {
  if (request.url?.includes("/containers/") && !(hasContainer && (stat || request.method !== "HEAD")))
    return response.writeHead(404).end();
  if (request.method !== "HEAD")
    return response.writeHead(200).end(JSON.stringify({ ApiVersion: "1.41", Version: "20.10.24" }));
  const header = Buffer.from(
    JSON.stringify({ name: "", size: 1, mode: 0o755, mtime: "", linkTarget: "", ...stat }),
  ).toString("base64");
  return response.writeHead(200, { "X-Docker-Container-Path-Stat": header }).end();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function connectToIt() {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(socket, resolve));
  return connect({ kind: "unix", path: socket, source: "--host" }, { spawn });
}

test.each([
  ["a container that has none of that path", "no-init", true],
  ["a container that is gone", "not-found", false],
] as const)("the program of %s: %s", async (_, code, isThere) => {
  [stat, hasContainer] = [undefined, isThere];
  const asked = programOf(await connectToIt(), "one", ["/sbin/init"], new AbortController().signal);
  await expect(asked).rejects.toMatchObject({ code });
  hasContainer = true;
});

test.each([
  ["a file", "/usr/lib/../lib/systemd", { name: "systemd" }, "/usr/lib/../lib/systemd"],
  [
    "a link",
    "/sbin/init",
    { name: "init", linkTarget: "/usr/lib/systemd/systemd" },
    "/usr/lib/systemd/systemd",
  ],
  ["a file by a name that is no pattern", "/x/y", { name: "$&$&" }, "/x/$&$&"],
])("the program at a path: %s", async (_, path, answer, program) => {
  stat = answer;
  const engine = await connectToIt();
  expect(await programOf(engine, "one", [path], new AbortController().signal)).toBe(program);
});
