import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEndpoint, type SshEndpoint } from "#api/address.ts";
import { waitContainer } from "#engine/containers.ts";
import { readVersion } from "#engine/system.ts";
import { spawn } from "#host/process/spawn.ts";
import { connect } from "./connect.ts";
import { sshArguments } from "./ssh.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-ssh-"));
const log = join(folder, "log");
const path = process.env.PATH;
let server: Server;

/**
 * A program called ssh, early in PATH: it notes its arguments and joins its standard input and output to the
 * stand-in engine.
 */
const script = `#!/bin/sh
echo "$*" >> ${log}
case "$*" in
  *breaks*) ${process.execPath} ${join(folder, "bridge.js")}; exit 255;;
  *refuses*) echo "Permission denied (publickey)." >&2; exit 255;;
esac
exec ${process.execPath} ${join(folder, "bridge.js")}
`;
const bridge = `
const socket = require("node:net").connect({ path: ${JSON.stringify(join(folder, "engine.sock"))}, allowHalfOpen: true });
process.stdin.pipe(socket).pipe(process.stdout);
socket.on("end", () => process.exit());
`;

beforeAll(async () => {
  writeFileSync(join(folder, "ssh"), script);
  chmodSync(join(folder, "ssh"), 0o755);
  writeFileSync(join(folder, "bridge.js"), bridge);
  server = createServer((request, response) => {
    if (request.url?.endsWith("/wait")) request.socket.destroy();
    else response.end('{"ApiVersion":"1.41"}');
  });
  await new Promise<void>((resolve) => server.listen(join(folder, "engine.sock"), resolve));
  process.env.PATH = `${folder}:${path}`;
});

afterAll(() => {
  process.env.PATH = path;
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const ssh = (text: string): SshEndpoint => parseEndpoint(text, "test") as SshEndpoint;

test.each([
  ["ssh://host", "-T -o ConnectTimeout=30 -- host docker system dial-stdio"],
  ["ssh://me@host:2222", "-T -o ConnectTimeout=30 -l me -p 2222 -- host docker system dial-stdio"],
  [
    "ssh://host/run/d.sock",
    "-T -o ConnectTimeout=30 -- host docker --host unix:///run/d.sock system dial-stdio",
  ],
])("%s", (text, args) => {
  expect(sshArguments(ssh(text)).join(" ")).toBe(args);
});

test("requests go through the user's ssh, and one connection serves many", async () => {
  const engine = await connect(ssh("ssh://me@web"), { spawn });
  await readVersion(engine);
  await readVersion(engine);
  expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
    "-T -o ConnectTimeout=30 -l me -- web docker system dial-stdio",
  ]);
});

test("ssh's own words come with the error", async () => {
  const failed = connect(ssh("ssh://refuses"), { spawn });
  await expect(failed).rejects.toMatchObject({
    code: "engine-unreachable",
    message: "ssh://refuses: ssh ended with status 255: Permission denied (publickey).",
  });
});

test("a connection that breaks later is lost", async () => {
  const engine = await connect(ssh("ssh://breaks"), { spawn });
  await expect(waitContainer(engine, "b")).rejects.toMatchObject({
    code: "engine-lost",
    message: "ssh://breaks: ssh ended with status 255",
  });
});

test("without ssh", async () => {
  process.env.PATH = join(folder, "empty");
  expect(existsSync(process.env.PATH)).toBe(false);
  const failed = connect(ssh("ssh://web"), { spawn });
  await expect(failed).rejects.toMatchObject({ code: "tool-missing" });
  process.env.PATH = `${folder}:${path}`;
});
