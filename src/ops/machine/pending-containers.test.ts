import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "#engine/connection/connect.ts";
import { spawn } from "#host/process/spawn.ts";
import { listAfterPending } from "./pending-containers.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-settled-"));
const socket = join(folder, "docker.sock");
/** What the engine says of a path without the query, look by look; the last goes on. */
let answers: Record<string, (readonly [status: number, body: unknown])[]> = {};
const never = 0;
const server = createServer((request, response) => {
  const path = (request.url ?? "").split("?")[0]?.replace(/^\/v[\d.]+/, "") ?? "";
  const told = answers[path] ?? [[200, { ApiVersion: "1.41", Version: "20.10.24" }]];
  const [status, body] = (told.length > 1 ? told.shift() : told[0]) ?? [500, {}];
  if (status === never) return;
  return response.writeHead(status).end(JSON.stringify(body));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const machine = (state: string, address?: string) => ({
  Id: "one",
  Names: ["/web"],
  ImageID: "image",
  State: state,
  Labels: { "berth.machine": "web" },
  HostConfig: { NetworkMode: "berth.internal" },
  NetworkSettings: {
    Networks: address === undefined ? {} : { "berth.internal": { IPAMConfig: { IPv4Address: address } } },
  },
});
const image = [[200, { Id: "image", Config: { Labels: {} } }]] as const;
const none = [404, { message: "No such container: one" }] as const;
const known = (state: string) => [200, { Id: "one", State: { Status: state } }] as const;
const list = (...containers: readonly object[]) => [200, containers] as const;

async function connectToIt() {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(socket, resolve));
  return await connect({ kind: "unix", path: socket, source: "--host" }, { spawn });
}

test.each([
  [
    "half made at first",
    [list(machine("created")), list(machine("created", "10.0.0.2"))],
    [none, known("created")],
    "10.0.0.2",
  ],
  [
    "made between a list and the look at it",
    [list(machine("created")), list(machine("created", "10.0.0.2"))],
    [known("created")],
    "10.0.0.2",
  ],
  [
    "half made, and gone since the engine failed at it",
    [list(machine("created")), list()],
    [none],
    undefined,
  ],
  [
    "listed as made while it is removed",
    [list(machine("created", "10.0.0.2")), list()],
    [known("removing")],
    undefined,
  ],
  [
    "removed a moment before the engine lists it no more",
    [list(machine("removing")), list(machine("removing")), list()],
    [none],
    undefined,
  ],
  ["one that could not be removed", [list(machine("removing", "10.0.0.2"))], [known("dead")], "10.0.0.2"],
])("a machine %s", async (_, lists, looks, address) => {
  answers = {
    "/containers/json": [...lists],
    "/containers/one/json": [...looks],
    "/containers/one/wait": [none],
    "/images/image/json": [...image],
  };
  const { containers, pending } = await listAfterPending(await connectToIt(), new AbortController().signal);
  expect(
    containers.map(
      ({ NetworkSettings }) => NetworkSettings?.Networks?.["berth.internal"]?.IPAMConfig?.IPv4Address,
    ),
  ).toEqual(address === undefined ? [] : [address]);
  expect(pending).toEqual(new Set());
});

test("one that the engine is starting, and tells nothing of meanwhile, is waited for no longer than for an answer", async () => {
  answers = {
    "/containers/json": [list(machine("created", "10.0.0.2"))],
    "/containers/one/json": [[never, {}]],
    "/images/image/json": [...image],
  };
  const { containers, pending } = await listAfterPending(await connectToIt(), new AbortController().signal);
  expect([containers.length, [...pending]]).toEqual([1, []]);
}, 20_000);

test("a removal that has no end is waited for so long and no longer", async () => {
  answers = {
    "/containers/json": [list(machine("removing"))],
    "/containers/one/json": [known("removing")],
    "/containers/one/wait": [[never, {}]],
    "/images/image/json": [...image],
  };
  const { containers, pending } = await listAfterPending(
    await connectToIt(),
    new AbortController().signal,
    100,
  );
  expect([containers.length, [...pending]]).toEqual([1, ["one"]]);
});
