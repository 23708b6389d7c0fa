import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../engine/connect.ts";
import { programOf } from "./guest-probe.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-probe-"));
/** What the engine says of any path. */
let stat = {};
const server = createServer((request, response) => {
  if (request.method !== "HEAD") return response.writeHead(200).end(JSON.stringify({ ApiVersion: "1.41", Version: "20.10.24" }));
  const header = Buffer.from(JSON.stringify({ name: "", size: 1, mode: 0o755, mtime: "", linkTarget: "", ...stat })).toString("base64");
  return response.writeHead(200, { "X-Docker-Container-Path-Stat": header }).end();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ["a file", "/usr/lib/../lib/systemd", { name: "systemd" }, "/usr/lib/../lib/systemd"],
  ["a link", "/sbin/init", { name: "init", linkTarget: "/usr/lib/systemd/systemd" }, "/usr/lib/systemd/systemd"],
  ["a file by a name that is no pattern", "/x/y", { name: "$&$&" }, "/x/$&$&"],
])("the program at a path: %s", async (_, path, answer, program) => {
  stat = answer;
  const socket = join(folder, "docker.sock");
  if (!server.listening) await new Promise<void>((resolve) => server.listen(socket, resolve));
  const engine = await connect({ kind: "unix", path: socket, source: "--host" });
  expect(await programOf(engine, "one", [path], new AbortController().signal)).toBe(program);
});
