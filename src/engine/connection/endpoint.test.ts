import { afterAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveEndpoint } from "./endpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-endpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder such as ~/.docker with these contexts. */
function dockerConfig(
  name: string,
  currentContext: string | undefined,
  contexts: Readonly<Record<string, unknown>>,
): string {
  const config = join(folder, name);
  mkdirSync(config);
  if (currentContext !== undefined)
    writeFileSync(join(config, "config.json"), JSON.stringify({ currentContext }));
  for (const [context, docker] of Object.entries(contexts)) {
    const meta = join(config, "contexts", "meta", sha256(context));
    mkdirSync(meta, { recursive: true });
    writeFileSync(join(meta, "meta.json"), JSON.stringify({ Name: context, Endpoints: { docker } }));
  }
  return config;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const config = dockerConfig("full", "current", {
  current: { Host: "unix:///current" },
  named: { Host: "ssh://named" },
  tls: { Host: "tcp://secure", SkipTLSVerify: true },
  broken: {},
});
const certs = join(config, "contexts", "tls", sha256("tls"), "docker");
mkdirSync(certs, { recursive: true });
for (const name of ["ca.pem", "cert.pem", "key.pem"]) writeFileSync(join(certs, name), name);
const halfCerts = join(folder, "half");
mkdirSync(halfCerts);
writeFileSync(join(halfCerts, "cert.pem"), "");
const noConfig = dockerConfig("none", undefined, {});

const base = { DOCKER_CONFIG: config };
const full = { ...base, DOCKER_HOST: "unix:///host", DOCKER_CONTEXT: "named" };

test.each([
  [
    "nothing set",
    {},
    { DOCKER_CONFIG: noConfig },
    { kind: "unix", path: "/var/run/docker.sock", source: "default" },
  ],
  ["~/.docker", {}, { HOME: folder }, { kind: "unix", path: "/var/run/docker.sock", source: "default" }],
  ["the current context", {}, base, { kind: "unix", path: "/current", source: "context current" }],
  [
    "DOCKER_CONTEXT",
    {},
    { ...base, DOCKER_CONTEXT: "named" },
    { kind: "ssh", host: "named", source: "context named" },
  ],
  [
    "DOCKER_CONTEXT=default",
    {},
    { ...base, DOCKER_CONTEXT: "default" },
    { kind: "unix", path: "/var/run/docker.sock", source: "default" },
  ],
  ["DOCKER_HOST before DOCKER_CONTEXT", {}, full, { kind: "unix", path: "/host", source: "DOCKER_HOST" }],
  [
    "--context before DOCKER_HOST",
    { context: "named" },
    full,
    { kind: "ssh", host: "named", source: "context named" },
  ],
  [
    "--host before all",
    { host: "unix:///option" },
    full,
    { kind: "unix", path: "/option", source: "--host" },
  ],
  [
    "a context's certificates",
    { context: "tls" },
    base,
    {
      kind: "tcp",
      host: "secure",
      port: 2376,
      tls: {
        ca: join(certs, "ca.pem"),
        cert: join(certs, "cert.pem"),
        key: join(certs, "key.pem"),
        verify: false,
      },
      source: "context tls",
    },
  ],
  [
    "DOCKER_TLS_VERIFY",
    {},
    { ...base, DOCKER_HOST: "tcp://h:1", DOCKER_TLS_VERIFY: "0", DOCKER_CERT_PATH: certs },
    {
      kind: "tcp",
      host: "h",
      port: 1,
      tls: {
        ca: join(certs, "ca.pem"),
        cert: join(certs, "cert.pem"),
        key: join(certs, "key.pem"),
        verify: true,
      },
      source: "DOCKER_HOST",
    },
  ],
  [
    "DOCKER_CERT_PATH alone asks for nothing",
    {},
    { ...base, DOCKER_HOST: "tcp://h:1", DOCKER_TLS_VERIFY: "", DOCKER_CERT_PATH: certs },
    { kind: "tcp", host: "h", port: 1, source: "DOCKER_HOST" },
  ],
])("%s", (_name, options, env, endpoint) => {
  expect(resolveEndpoint(env, options) as unknown).toEqual(endpoint);
});

test.each([
  ["both options", { host: "a", context: "b" }, base, "usage"],
  ["no such context", { context: "nope" }, base, "not-found"],
  ["a context without a host", { context: "broken" }, base, "file-invalid"],
  ["a bad address", {}, { ...base, DOCKER_HOST: "gopher://x" }, "usage"],
  [
    "no certificates",
    {},
    { DOCKER_HOST: "tcp://h", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: noConfig },
    "usage",
  ],
  [
    "a certificate without its key",
    {},
    { DOCKER_HOST: "tcp://h", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: halfCerts },
    "usage",
  ],
])("%s: refused", (_name, options, env, code) => {
  expect(() => resolveEndpoint(env, options)).toThrow(expect.objectContaining({ code }));
});
