import { expect, test } from "bun:test";
import type { Endpoint } from "#api/address.ts";
import { BerthError } from "#errors.ts";
import { explainFailure, unreachable } from "./failure.ts";

const unix: Endpoint = { kind: "unix", path: "/run/d.sock", source: "default" };
const secure: Endpoint = { kind: "tcp", host: "h", port: 2376, tls: { verify: true }, source: "DOCKER_HOST" };
const failed = (code: string): Error => Object.assign(new Error(`it says ${code}`), { code });

test.each([
  ["ENOENT", "engine-unreachable", unix, "systemctl start docker"],
  ["EACCES", "engine-unreachable", unix, "usermod -aG docker"],
  ["ECONNREFUSED", "engine-unreachable", secure, "ca.pem"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "engine-unreachable", secure, "ca.pem"],
  ["ECONNRESET", "engine-lost", unix, "still runs"],
  ["EPIPE", "engine-lost", secure, "still runs"],
  ["ERR_STREAM_PREMATURE_CLOSE", "engine-lost", unix, "still runs"],
] as const)("%s is %s", (errno, code, endpoint, hint) => {
  const error = explainFailure(failed(errno), endpoint);
  expect([error.code, error.details]).toEqual([code, expect.objectContaining({ errno })]);
  expect(error.hint).toContain(hint);
});

test("what is explained stays so, and an abort comes before all", () => {
  const own = new BerthError("tool-missing", "ssh is not installed");
  expect(explainFailure(own, unix)).toBe(own);
  expect(explainFailure(own, unix, AbortSignal.abort()).code).toBe("interrupted");
  expect(explainFailure(failed("EPIPE"), unix, AbortSignal.abort(own))).toBe(own);
});

test("at the first contact a loss means that nobody is there", () => {
  const error = unreachable(explainFailure(failed("ECONNRESET"), secure), secure);
  expect([error.code, error.message]).toEqual([
    "engine-unreachable",
    "no engine answers at tcp://h:2376: it says ECONNRESET",
  ]);
});
