import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { TlsFiles } from "#api/address.ts";
import { startExec } from "#engine/exec.ts";
import { readVersion } from "#engine/system.ts";
import { run } from "#host/process/run.ts";
import { spawn } from "#host/process/spawn.ts";
import { connect } from "./connect.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-target-"));
const file = (name: string) => join(folder, name);
const servers: Server[] = [];

/** An authority of its own, and a certificate that it signed: NAME-ca.pem, NAME.pem, NAME-key.pem. */
async function certify(name: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const authority = ["-keyout", file(`${name}-ca-key.pem`), "-out", file(`${name}-ca.pem`)];
  await run("openssl", ["req", "-x509", ...key, "-subj", `/CN=${name} authority`, ...authority]);
  const request = ["-keyout", file(`${name}-key.pem`), "-out", file(`${name}.csr`)];
  await run("openssl", ["req", ...key.slice(0, -2), "-subj", `/CN=${name}`, ...request]);
  writeFileSync(file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n");
  const signer = ["-CA", file(`${name}-ca.pem`), "-CAkey", file(`${name}-ca-key.pem`), "-CAcreateserial"];
  const signed = ["-in", file(`${name}.csr`), "-out", file(`${name}.pem`), "-extfile", file("names")];
  await run("openssl", ["x509", "-req", "-days", "2", ...signer, ...signed]);
}

beforeAll(async () => {
  await certify("engine");
  await certify("client");
}, 30_000);

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

const answer: RequestListener = (request, response) =>
  response.setHeader("Api-Version", "1.44").end(JSON.stringify({ Version: request.headers.host }));

/** An engine at a free port of that address; with TLS, one that takes the client's authority alone. */
async function listen(address: string, secure: boolean): Promise<number> {
  const pem = (name: string) => readFileSync(file(name));
  const server = secure
    ? createTlsServer(
        {
          cert: pem("engine.pem"),
          key: pem("engine-key.pem"),
          ca: pem("client-ca.pem"),
          requestCert: true,
          rejectUnauthorized: true,
        },
        answer,
      )
    : createServer(answer);
  server.on("upgrade", (_request: unknown, socket: Duplex) => {
    // Docker's output may come in the same packet as the head.
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nat once;");
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("end", () => socket.end("over"));
  });
  servers.push(server as Server);
  server.listen(0, address);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const own = { cert: file("client.pem"), key: file("client-key.pem") };
const open = (host: string, port: number, tls?: TlsFiles) =>
  connect({ kind: "tcp", host, port, source: "test", ...(tls && { tls }) }, { spawn });

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "[::1]"],
])("tcp at %s", async (address, host) => {
  const port = await listen(address, false);
  expect((await readVersion(await open(address, port))).Version).toBe(`${host}:${port}`);
});

test.each<[string, TlsFiles]>([
  ["the engine's certificate is checked", { ...own, ca: file("engine-ca.pem"), verify: true }],
  ["it is not, by wish", { ...own, verify: false }],
])("TLS: %s", async (_name, tls) => {
  const port = await listen("127.0.0.1", true);
  const engine = await open("127.0.0.1", port, tls);
  expect((await readVersion(engine)).Version).toBe(`127.0.0.1:${port}`);
  // Writing ends before reading does.
  const { duplex } = await startExec(engine, "x", { tty: true });
  duplex.end("typed;");
  expect(Buffer.concat(await Array.fromAsync(duplex)).toString()).toBe("at once;typed;over");
});

test.each<[string, TlsFiles]>([
  ["an engine of another authority", { ...own, ca: file("client-ca.pem"), verify: true }],
  ["an engine of an authority that this host does not know", { ...own, verify: true }],
])("TLS with %s is no engine", async (_name, tls) => {
  const port = await listen("127.0.0.1", true);
  await expect(open("127.0.0.1", port, tls)).rejects.toMatchObject({
    code: "engine-unreachable",
    hint: expect.stringContaining("ca.pem"),
  });
});

test("TLS: an engine refuses a client without a certificate, and one that speaks no TLS", async () => {
  const port = await listen("127.0.0.1", true);
  const unreachable = { code: "engine-unreachable" };
  await expect(open("127.0.0.1", port, { verify: false })).rejects.toMatchObject(unreachable);
  await expect(open("127.0.0.1", port)).rejects.toMatchObject(unreachable);
});

test("TLS: a file that cannot be read", async () => {
  await expect(open("127.0.0.1", 1, { ca: file("none.pem"), verify: true })).rejects.toMatchObject({
    code: "file-missing",
    message: `cannot read ${file("none.pem")}`,
  });
});
