import type { IncomingHttpHeaders } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { renderEndpoint } from "#api/address.ts";
import { captureText, sizeOf } from "#api/capture.ts";
import { BerthError, type ErrorCode } from "#errors.ts";
import type { Engine } from "./engine.ts";
import type { Call, Reply } from "./transport.ts";

/**
 * Query values as callers have them: undefined is left out, arrays repeat the key, objects (filters) become
 * JSON.
 */
export type Query = Readonly<Record<string, QueryValue>>;
type QueryValue = string | number | boolean | readonly string[] | object | undefined;

export interface RequestOptions {
  /** GET by default. */
  readonly method?: Call["method"];
  /** Below the version, such as "/containers/json"; make it with `path` when it holds names. */
  readonly path: string;
  readonly query?: Query;
  /** JSON, or a Readable that is sent as it is (application/x-tar). */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Statuses that are right besides 2xx. */
  readonly expect?: readonly number[];
}

export interface StreamReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/**
 * Asks the engine and reads its JSON answer (undefined when it is empty). Throws `not-found` (404),
 * `conflict` (409), `engine-refused` (other 4xx) and `engine-api` (5xx, or an answer that is not JSON) with
 * {status, method, path, message} in the details; `engine-unreachable`, `engine-lost` when the connection
 * fails, `interrupted` when the signal fires.
 */
export async function request<T>(engine: Engine, options: RequestOptions): Promise<T> {
  const reply = await requestStream(engine, options);
  const text = await readText(reply.body);
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new BerthError("engine-api", `invalid JSON in the engine's answer to ${options.path}`, {
      cause,
      details: {
        status: reply.status,
        method: options.method ?? "GET",
        path: options.path,
        message: text.slice(0, 400),
      },
    });
  }
}

/** Like `request`, for calls whose answer is their status. */
export async function requestStatus(engine: Engine, options: RequestOptions): Promise<number> {
  const reply = await requestStream(engine, options);
  await readText(reply.body);
  return reply.status;
}

/**
 * Like `request`, but hands out the answer's body as it comes. Whoever takes it reads it to the end or
 * destroys it.
 */
export async function requestStream(engine: Engine, options: RequestOptions): Promise<StreamReply> {
  const reply = await send(engine, options, false);
  if (reply.kind === "hijacked")
    throw new BerthError("internal", "the engine upgraded a connection without a request to do so");
  return reply;
}

/**
 * Upgrades the connection: writes go to the process's input, reads come from its output; `end()` closes only
 * its input.
 */
export async function requestHijack(engine: Engine, options: RequestOptions): Promise<Duplex> {
  const reply = await send(engine, options, true);
  if (reply.kind === "hijacked") return reply.duplex;
  reply.body.destroy();
  throw new BerthError("engine-api", `the engine did not upgrade the connection for ${options.path}`, {
    hint: "A proxy before the engine must support HTTP Upgrade.",
    details: {
      status: reply.status,
      method: options.method ?? "GET",
      path: options.path,
      endpoint: renderEndpoint(engine.endpoint),
    },
  });
}

async function send(engine: Engine, options: RequestOptions, hijack: boolean): Promise<Reply> {
  const { method = "GET", path: where, query = {}, body, signal, expect = [] } = options;
  const reply = await engine.request({
    method,
    path: `/v${engine.apiVersion}${where}`,
    query: renderQuery(query),
    body,
    hijack,
    signal,
  });
  if (
    reply.kind === "hijacked" ||
    (reply.status >= 200 && reply.status < 300) ||
    expect.includes(reply.status)
  )
    return reply;
  throw engineError(reply.status, method, where, await readText(reply.body));
}

/**
 * A path with each name encoded. Throws `usage` for an empty name or dots, which would address something
 * else.
 */
export function path(parts: TemplateStringsArray, ...names: readonly string[]): string {
  return parts.reduce((whole, part, index) => {
    const name = names[index - 1] ?? "";
    if (name === "" || name === "." || name === "..")
      throw new BerthError("usage", `invalid name ${JSON.stringify(name)} (example: web)`);
    return whole + encodeURIComponent(name) + part;
  });
}

export function renderQuery(query: Query): Record<string, string | readonly string[]> {
  const rendered: Record<string, string | readonly string[]> = {};
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) rendered[key] = value.map(String);
    else rendered[key] = typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  return rendered;
}

/** Docker Engine API, "Errors": what a status means. */
export function statusCode(status: number): ErrorCode {
  if (status === 404) return "not-found";
  if (status === 409) return "conflict";
  return status >= 400 && status < 500 ? "engine-refused" : "engine-api";
}

/** The error of a failed request, with the engine's own message. */
export function engineError(status: number, method: string, where: string, body: string): BerthError {
  const message = engineMessage(body) || `the engine answered ${method} ${where} with status ${status}`;
  return new BerthError(statusCode(status), message, { details: { status, method, path: where, message } });
}

function engineMessage(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    const message =
      typeof value === "object" && value !== null ? (value as { message?: unknown }).message : undefined;
    if (typeof message === "string") return message.trim();
  } catch {
    // A proxy in between, or a very early error, answers in plain text.
  }
  return body.trim().slice(0, 400);
}

/** Limit of an answer in bytes: more than an engine sends for some thousand machines. */
const longestAnswer = 64 * 1024 * 1024;

export async function readText(body: Readable): Promise<string> {
  const answer = await captureText(body, longestAnswer);
  if (answer.isCut)
    throw new BerthError("engine-api", `the engine's answer is longer than ${sizeOf(longestAnswer)}`);
  return answer.text();
}
