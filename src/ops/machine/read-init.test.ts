import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { connect } from "#engine/connection/connect.ts";
import { spawn } from "#host/process/spawn.ts";
import { packTree } from "#image/store/tree.ts";
import { readInit } from "./read-init.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-read-init-"));
const socket = join(folder, "docker.sock");
const program = "/usr/lib/systemd/systemd";
const whole = () =>
  packTree(
    new Map([
      ["/systemd", { kind: "file", mode: 0o755, content: Buffer.from("\0libsystemd-core-252.so\0") }],
    ]),
  );

type Fault = "none" | "create" | "lost" | "damaged" | "slow";
let fault: Fault = "none";
let calls: string[] = [];

const server = createServer((request, response) => {
  answer(request, response);
});

function answer(request: IncomingMessage, response: ServerResponse): unknown {
  const { method, url = "" } = request;
  if (!url.includes("/containers/"))
    return response.end(JSON.stringify({ ApiVersion: "1.41", Version: "20.10.24" }));
  calls.push(`${method} ${url.replace(/^\/v[\d.]+\/containers|\?.*$/g, "")}`);
  if (method === "POST") {
    if (fault === "slow") return undefined;
    if (fault === "create") return response.writeHead(500).end('{"message":"input/output error"}');
    return response.writeHead(201).end('{"Id":"probe"}');
  }
  if (method === "DELETE") return response.writeHead(204).end();
  const stat = { name: "init", size: 1, mode: 0o755, mtime: "", linkTarget: program };
  const header = Buffer.from(JSON.stringify(stat)).toString("base64");
  response.writeHead(200, { "X-Docker-Container-Path-Stat": header });
  if (method === "HEAD") return response.end();
  if (fault === "lost") return response.write("x".repeat(100), () => request.socket.destroy());
  if (fault === "damaged") return response.end("x".repeat(1024));
  return pipeline(whole(), response);
}
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  calls = [];
});

async function read(image: string, signal = new AbortController().signal) {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(socket, resolve));
  const engine = await connect({ kind: "unix", path: socket, source: "--host" }, { spawn });
  return readInit(engine, { image, command: ["/sbin/init"] }, join(folder, "cache"), signal);
}

test("an image's init is read once, from a container that never starts and is removed", async () => {
  fault = "none";
  expect(await read("sha256:0")).toBe("systemd 252");
  expect(calls).toEqual(["POST /create", "HEAD /probe/archive", "GET /probe/archive", "DELETE /probe"]);
  expect(await read("sha256:0")).toBe("systemd 252");
  expect(calls.length).toBe(4);
});

test.each(["create", "lost", "damaged"] as const)(
  "one that cannot be read stays unknown: %s",
  async (name) => {
    fault = name;
    expect(await read(`sha256:${name}`)).toBeUndefined();
    fault = "none";
    expect(await read(`sha256:${name}`)).toBe("systemd 252");
  },
);

test("an interruption is passed on", async () => {
  fault = "slow";
  await expect(read("sha256:2", AbortSignal.timeout(50))).rejects.toThrow();
});
