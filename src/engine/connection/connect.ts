import { type Endpoint, renderEndpoint } from "#api/address.ts";
import { BerthError } from "#errors.ts";
import type { Engine } from "./engine.ts";
import { unreachable } from "./failure.ts";
import { engineError, readText } from "./request.ts";
import type { Spawn } from "./spawn.ts";
import { createDial, type Dial } from "./transport.ts";

/** The newest API this client was written for (Docker 29), and the oldest it works with (Docker 20.10). */
const newest = "1.55";
const oldest = "1.41";

export interface ConnectOptions {
  /** Starts ssh, where the engine is reached by it. */
  readonly spawn: Spawn;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Requests the engine's versions and selects the newest API that both sides support. Throws
 * `engine-unreachable` without an answer, `engine-refused` for an engine that is too old or too new, or
 * another server.
 */
export async function connect(endpoint: Endpoint, { spawn, signal }: ConnectOptions): Promise<Engine> {
  const dial = createDial(endpoint, spawn);
  const pinged = await pingVersion(dial, endpoint, signal);
  // Prefer the ping: for /version the engine runs programs. Its oldest API matters only if it is newer than
  // ours.
  if (pinged !== undefined && compareVersions(pinged, newest) <= 0) {
    return { endpoint, apiVersion: negotiate(pinged, oldest, renderEndpoint(endpoint)), request: dial };
  }
  const answer = await readVersion(dial, endpoint, signal);
  return {
    endpoint,
    apiVersion: negotiate(answer.ApiVersion, answer.MinAPIVersion ?? oldest, renderEndpoint(endpoint)),
    request: dial,
  };
}

/** The API version in the answer to GET /_ping; undefined without one. */
async function pingVersion(
  dial: Dial,
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const reply = await dial({ method: "GET", path: "/_ping", query: {}, signal });
    if (reply.kind !== "answer")
      throw new BerthError("internal", "the engine upgraded a connection without a request to do so");
    await readText(reply.body);
    const version = reply.headers["api-version"];
    return reply.status === 200 && typeof version === "string" && /^\d+\.\d+$/.test(version)
      ? version
      : undefined;
  } catch (error) {
    throw unreachable(error, endpoint);
  }
}

/** min(server, ours), when both sides speak it. Throws `engine-refused`. */
export function negotiate(server: string, serverOldest: string, where: string): string {
  if (compareVersions(server, oldest) < 0) {
    throw new BerthError(
      "engine-refused",
      `unsupported API ${server} of the engine at ${where} (needs ${oldest} or later)`,
      {
        hint: "Update it to Docker 20.10 or later.",
        details: { server, oldest },
      },
    );
  }
  if (compareVersions(serverOldest, newest) > 0) {
    throw new BerthError(
      "engine-refused",
      `unsupported API of the engine at ${where} ` +
        `(it needs ${serverOldest} or later, berth supports ${newest})`,
      {
        hint: "Update berth.",
        details: { serverOldest, newest },
      },
    );
  }
  return compareVersions(server, newest) < 0 ? server : newest;
}

/** Negative, 0 or positive, as versions count: 1.9 is before 1.41. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0);
}

/** Whether the API spoken with this engine is at least that version. */
export function supports(engine: Engine, version: string): boolean {
  return compareVersions(engine.apiVersion, version) >= 0;
}

interface VersionAnswer {
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
}

async function readVersion(
  dial: Dial,
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
): Promise<VersionAnswer> {
  let text: string;
  let status: number;
  try {
    const reply = await dial({ method: "GET", path: "/version", query: {}, signal });
    if (reply.kind !== "answer")
      throw new BerthError("internal", "the engine upgraded a connection without a request to do so");
    status = reply.status;
    text = await readText(reply.body);
  } catch (error) {
    throw unreachable(error, endpoint);
  }
  if (status !== 200) throw engineError(status, "GET", "/version", text);
  const answer = parseVersion(text);
  if (answer) return answer;
  throw new BerthError(
    "engine-refused",
    `unexpected answer at ${renderEndpoint(endpoint)} (not a Docker engine)`,
    {
      hint: `Check the address (from ${endpoint.source}).`,
      details: { answer: text.slice(0, 400) },
    },
  );
}

function parseVersion(text: string): VersionAnswer | undefined {
  try {
    const value = JSON.parse(text) as Partial<VersionAnswer> | null;
    return /^\d+\.\d+$/.test(value?.ApiVersion ?? "") ? (value as VersionAnswer) : undefined;
  } catch {
    return undefined;
  }
}
