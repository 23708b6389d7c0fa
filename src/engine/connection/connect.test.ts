import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { Readable } from "node:stream";
import type { Endpoint } from "#api/address.ts";
import type { OutputChunk } from "#api/demux.ts";
import {
  createContainer,
  listContainers,
  removeContainer,
  startContainer,
  stopContainer,
  waitContainer,
} from "#engine/containers.ts";
import { watchEvents } from "#engine/events.ts";
import { startExec } from "#engine/exec.ts";
import { loadImages } from "#engine/images.ts";
import { readLogs } from "#engine/logs.ts";
import { spawn } from "#host/process/spawn.ts";
import { compareVersions, connect, negotiate } from "./connect.ts";
import { request, requestStatus, requestStream } from "./request.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-connect-"));
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/**
 * A stand-in engine on a socket of its own: it speaks API 1.44, notes what it is asked, and answers by path.
 */
async function standIn(
  answers: Readonly<Record<string, Answer>>,
): Promise<{ endpoint: Endpoint; asked: string[] }> {
  const asked: string[] = [];
  const version: Answer = (_request, response) =>
    response.end(JSON.stringify({ ApiVersion: "1.44", MinAPIVersion: "1.24", Version: "25.0.1" }));
  const pong: Answer = (_request, response) => response.setHeader("Api-Version", "1.44").end("OK");
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      asked.push(`${request.method} ${decodeURIComponent(request.url ?? "")}${body && ` ${body}`}`);
      const answer = { "/_ping": pong, "/version": version, ...answers }[
        (request.url ?? "").replace(/\?.*/, "")
      ];
      if (answer) answer(request, response, body);
      else response.writeHead(404).end('{"message":"page not found"}');
    });
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    asked.push(`UPGRADE ${request.url}`);
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (request.url?.includes("cut")) socket.end(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65]));
    else socket.end(Buffer.from([2, 0, 0, 0, 0, 0, 0, 1, 65]));
  });
  servers.push(server);
  const path = join(folder, `${servers.length}.sock`);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { endpoint: { kind: "unix", path, source: "test" }, asked };
}

const json =
  (status: number, value: unknown): Answer =>
  (_request, response) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));

/** Begins to answer, then breaks the connection. */
const breakAfter =
  (text: string): Answer =>
  (request, response) => {
    response.write(text);
    setTimeout(() => request.socket.destroy(), 20);
  };

test("versions, methods, paths, queries and bodies", async () => {
  const { endpoint, asked } = await standIn({
    "/v1.44/_ping": (_request, response) => response.end(),
    "/v1.44/containers/json": json(200, [{ Id: "a" }]),
    "/v1.44/containers/create": json(201, { Id: "b", Warnings: [] }),
    "/v1.44/containers/b/start": (_request, response) => response.writeHead(204).end(),
    "/v1.44/containers/b/stop": (_request, response) => response.writeHead(304).end(),
    "/v1.44/containers/b": (_request, response) => response.writeHead(204).end(),
    "/v1.44/images/create": json(200, { status: `sha256:${"0".repeat(64)}` }),
  });
  const engine = await connect(endpoint, { spawn });
  expect(engine.apiVersion).toBe("1.44");
  await requestStatus(engine, { method: "HEAD", path: "/_ping" });
  expect(await listContainers(engine, { all: true, filters: { label: ["x=y"] } })).toMatchObject([
    { Id: "a" },
  ]);
  expect(await createContainer(engine, { Image: "i", HostConfig: { Memory: 5 } }, { name: "n" })).toEqual({
    Id: "b",
    Warnings: [],
  });
  expect(await startContainer(engine, "b")).toBe(true);
  expect(await stopContainer(engine, "b", { timeout: 3, stopSignal: "RTMIN+3" })).toBe(false);
  await removeContainer(engine, "b", { force: true, volumes: false });
  const imported = await request(engine, {
    method: "POST",
    path: "/images/create",
    query: { fromSrc: "-", repo: "r", changes: ["CMD a"] },
    body: Readable.from([Buffer.from("tar")]),
  });
  expect(imported).toEqual({ status: `sha256:${"0".repeat(64)}` });
  expect(asked).toEqual([
    "GET /_ping",
    "HEAD /v1.44/_ping",
    'GET /v1.44/containers/json?all=true&filters={"label":["x=y"]}',
    'POST /v1.44/containers/create?name=n {"Image":"i","HostConfig":{"Memory":5}}',
    "POST /v1.44/containers/b/start",
    "POST /v1.44/containers/b/stop?t=3&signal=RTMIN+3",
    "DELETE /v1.44/containers/b?force=true&v=false",
    "POST /v1.44/images/create?fromSrc=-&repo=r&changes=CMD a tar",
  ]);
});

test("a container that is on its way out already is waited for; another conflict is one", async () => {
  const refuse = json(409, { message: "no" });
  const { endpoint, asked } = await standIn({
    "/v1.44/containers/leaving": refuse,
    "/v1.44/containers/leaving/wait": json(200, { StatusCode: 137 }),
    "/v1.44/containers/stuck": refuse,
    "/v1.44/containers/stuck/wait": json(200, {
      StatusCode: 137,
      Error: { Message: "device or resource busy" },
    }),
    "/v1.44/containers/ending": refuse,
    "/v1.44/containers/ending/json": json(200, { State: { Status: "removing" } }),
    "/v1.44/containers/ending/wait": json(200, { StatusCode: 0 }),
    "/v1.44/containers/busy": refuse,
    "/v1.44/containers/busy/json": json(200, { State: { Status: "running" } }),
  });
  const engine = await connect(endpoint, { spawn });
  await removeContainer(engine, "leaving", { force: true });
  expect(asked.at(-1)).toBe("POST /v1.44/containers/leaving/wait?condition=removed");
  await removeContainer(engine, "ending");
  await expect(removeContainer(engine, "stuck", { force: true })).rejects.toMatchObject({ code: "conflict" });
  await expect(removeContainer(engine, "busy")).rejects.toMatchObject({ code: "conflict" });
});

test.each([
  [404, "not-found"],
  [409, "conflict"],
  [400, "engine-refused"],
  [500, "engine-api"],
])("status %d throws %s", async (status, code) => {
  const { endpoint } = await standIn({ "/v1.44/containers/json": json(status, { message: "why" }) });
  const details = { status, method: "GET", path: "/containers/json", message: "why" };
  await expect(listContainers(await connect(endpoint, { spawn }))).rejects.toMatchObject({
    code,
    message: "why",
    details,
  });
});

test("a connection that breaks", async () => {
  const { endpoint } = await standIn({
    "/v1.44/containers/json": breakAfter('[{"Id":'),
    "/v1.44/containers/b/wait": (request) => request.socket.destroy(),
    "/v1.44/containers/b/logs": breakAfter("raw"),
    "/v1.44/images/get": breakAfter("tar"),
    "/v1.44/events": breakAfter('{"Action":"start"}\n'),
  });
  const engine = await connect(endpoint, { spawn });
  const lost = { code: "engine-lost" };
  await expect(listContainers(engine)).rejects.toMatchObject(lost);
  await expect(waitContainer(engine, "b")).rejects.toMatchObject(lost);
  await expect(
    Array.fromAsync((await requestStream(engine, { path: "/images/get" })).body),
  ).rejects.toMatchObject(lost);
  const read: string[] = [];
  const all = async (): Promise<void> => {
    for await (const { data } of await readLogs(engine, "b", { tty: true })) read.push(data.toString());
  };
  await expect(all()).rejects.toMatchObject(lost);
  expect(read).toEqual(["raw"]);
  const events = await watchEvents(engine);
  // Read after the break: the error waits for the reader.
  await Bun.sleep(60);
  await expect(Array.fromAsync(events)).rejects.toMatchObject(lost);
});

test("a connection taken over", async () => {
  const { endpoint, asked } = await standIn({});
  const engine = await connect(endpoint, { spawn });
  const output: readonly OutputChunk[] = await Array.fromAsync((await startExec(engine, "x")).output);
  expect(output.map(({ stream, data }) => `${stream} ${data}`)).toEqual(["stderr A"]);
  await expect(Array.fromAsync((await startExec(engine, "cut")).output)).rejects.toMatchObject({
    code: "engine-lost",
  });
  expect(asked).toEqual(["GET /_ping", "UPGRADE /v1.44/exec/x/start", "UPGRADE /v1.44/exec/cut/start"]);
});

test("aborting, before and midway", async () => {
  const { endpoint } = await standIn({
    "/v1.44/containers/b/wait": () => undefined,
    "/v1.44/events": (_request, response) => response.write("{}\n"),
  });
  const engine = await connect(endpoint, { spawn });
  await expect(listContainers(engine, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "interrupted",
  });
  await expect(waitContainer(engine, "b", { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
    code: "interrupted",
  });
  const midway = new AbortController();
  const events = await watchEvents(engine, { signal: midway.signal });
  const all = Array.fromAsync(events);
  midway.abort();
  await expect(all).rejects.toMatchObject({ code: "interrupted" });
});

test("what an upload's source throws comes out as it is", async () => {
  const { endpoint } = await standIn({ "/v1.44/images/load": json(200, {}) });
  const source = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from("tar");
    throw new RangeError("the source broke");
  };
  await expect(loadImages(await connect(endpoint, { spawn }), Readable.from(source()))).rejects.toThrow(
    new RangeError("the source broke"),
  );
});

test("nobody there, and somebody else", async () => {
  const nobody: Endpoint = { kind: "unix", path: join(folder, "none.sock"), source: "DOCKER_HOST" };
  await expect(connect(nobody, { spawn })).rejects.toMatchObject({
    code: "engine-unreachable",
    hint: expect.stringContaining(`unix://${nobody.path} (DOCKER_HOST)`),
  });
  const hangsUp = await standIn({ "/_ping": (request) => request.socket.destroy() });
  await expect(connect(hangsUp.endpoint, { spawn })).rejects.toMatchObject({ code: "engine-unreachable" });
  const other = await standIn({
    "/_ping": (_request, response) => response.end("hello"),
    "/version": (_request, response) => response.end("hello"),
  });
  await expect(connect(other.endpoint, { spawn })).rejects.toMatchObject({ code: "engine-refused" });
});

test.each([
  ["1.41", "1.12", "1.41"],
  ["1.52", "1.44", "1.52"],
  ["1.55", "1.40", "1.55"],
  ["1.60", "1.44", "1.55"],
])("API %s, oldest %s: %s", (server, oldest, version) => {
  expect(negotiate(server, oldest, "here")).toBe(version);
});

test.each([
  ["1.40", "1.12"],
  ["1.9", "1.1"],
  ["1.60", "1.56"],
])("API %s, oldest %s is refused", (server, oldest) => {
  expect(() => negotiate(server, oldest, "here")).toThrow(
    expect.objectContaining({ code: "engine-refused" }),
  );
});

test("versions count, they are not text", () => {
  expect(["1.41", "1.9", "2.0"].sort(compareVersions)).toEqual(["1.9", "1.41", "2.0"]);
});
