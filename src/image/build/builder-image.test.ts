import { afterAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "#engine/connection/connect.ts";
import { hasCode } from "#errors.ts";
import { spawn } from "#host/process/spawn.ts";

import { ensureBuilderImage } from "./builder-image.ts";
import { noteMadeBuilder } from "./made-builders.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-builder-image-"));
const socket = join(folder, "docker.sock");
const cache = join(folder, "cache");
const base = "debian:trixie-slim";
const builder = `sha256:${"b".repeat(64)}`;

let created = 0;
let removed = 0;
/** An engine that has the base, and what is called and labelled as its builder; it makes no container. */
const server = createServer((request, response) => {
  const { method, url = "" } = request;
  const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
  const image = (id: string, Layers: string[], Labels = {}) =>
    answer(200, { Id: id, RepoTags: [], Config: { Labels }, RootFS: { Type: "layers", Layers } });
  if (method === "DELETE") {
    removed += 1;
    return answer(200, []);
  }
  if (url.includes("/images/berth-builder")) return image(builder, ["a", "b"], { "berth.builder": base });
  if (url.includes("/images/")) return image(`sha256:${"a".repeat(64)}`, ["a"]);
  if (url.endsWith("/info")) return answer(200, { SecurityOptions: [] });
  if (url.includes("/containers/create")) {
    created += 1;
    return answer(500, { message: "no more containers" });
  }
  return answer(200, { ApiVersion: "1.41", Version: "20.10.24" });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  created = 0;
});

async function ensure() {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(socket, resolve));
  const engine = await connect({ kind: "unix", path: socket, source: "--host" }, { spawn });
  const choice = { where: "container", base, because: "mmdebstrap is not installed here" } as const;
  return ensureBuilderImage(engine, choice, { cache, env: {}, archive: undefined });
}

test("what only has a builder's name and label is made anew; what this berth made is used", async () => {
  const failure = await ensure().catch((error: unknown) => error);
  expect([hasCode(failure, "engine-api"), created, removed]).toEqual([true, 1, 0]);
  await noteMadeBuilder(cache, builder);
  expect([await ensure(), created]).toEqual([builder, 1]);
});
