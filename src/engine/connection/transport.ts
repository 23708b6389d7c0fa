import { readFileSync } from "node:fs";
import { type Agent, type IncomingHttpHeaders, IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { addAbortSignal, Duplex, finished, PassThrough, Readable } from "node:stream";
import { inspect } from "node:util";
import type DockerModem from "docker-modem";
import type { Endpoint, TlsFiles } from "#api/address.ts";
import { BerthError } from "#errors.ts";
import { explainFailure } from "./failure.ts";
import { sshAgent } from "./ssh.ts";

/** One HTTP exchange. `path` is complete but for the query; `body` is JSON unless it is a stream. */
export interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly hijack: boolean;
  readonly signal?: AbortSignal;
}

/** What came back: an answer of any status, or, for a hijack the engine granted, the bare connection. */
export type Reply =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Readable;
    }
  | { readonly kind: "hijacked"; readonly duplex: Duplex };

/**
 * Sends a call. Rejects with `engine-unreachable`, `engine-lost` or `interrupted`; an answer's body fails
 * with the same.
 */
export type Dial = (call: Call) => Promise<Reply>;

/** Every status is an answer; what it means is decided where the request is known. */
const everyStatus: DockerModem.StatusCodes = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [100 + index, true]),
);

/**
 * A way to talk to this endpoint. Nothing is connected, nor is docker-modem loaded, before the first call.
 */
export function createDial(endpoint: Endpoint): Dial {
  let modem: Promise<DockerModem> | undefined;
  return async (call) => {
    modem ??= createModem(endpoint);
    return dial(await modem, endpoint, call);
  };
}

async function createModem(endpoint: Endpoint): Promise<DockerModem> {
  const options = modemOptions(endpoint);
  // It calls url.parse() for every address but a socket's; the warning of that would be for its authors, not
  // for berth's users.
  process.noDeprecation = true;
  const { default: Modem } = await import("docker-modem");
  // The constructor reads DOCKER_HOST by itself and throws on what it cannot parse; which engine is meant was
  // decided before.
  const { DOCKER_HOST } = process.env;
  delete process.env.DOCKER_HOST;
  try {
    return new Modem(options);
  } finally {
    if (DOCKER_HOST !== undefined) process.env.DOCKER_HOST = DOCKER_HOST;
  }
}

function modemOptions(endpoint: Endpoint): DockerModem.ConstructorOptions {
  switch (endpoint.kind) {
    case "unix":
      return { socketPath: endpoint.path, protocol: "http" };
    case "ssh":
      // The name is only for the Host header; the agent makes the connection.
      return { host: "docker.invalid", protocol: "http", agent: opaque(sshAgent(endpoint)) };
    case "tcp":
      if (!endpoint.tls) return { host: endpoint.host, port: endpoint.port, protocol: "http" };
      return { host: endpoint.host, port: endpoint.port, protocol: "https", ...tlsOptions(endpoint.tls) };
  }
}

function tlsOptions(files: TlsFiles): DockerModem.ConstructorOptions {
  return {
    ...(files.ca && { ca: readPem(files.ca) }),
    ...(files.cert && { cert: readPem(files.cert) }),
    ...(files.key && { key: readPem(files.key) }),
    agent: opaque(new TlsAgent({ rejectUnauthorized: files.verify })),
  };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new BerthError("file-missing", `${file} cannot be read`, {
      cause,
      hint: "The engine's address asks for TLS with this file.",
    });
  }
}

/**
 * docker-modem renders its whole request, agent and all, for its debug log at each call, wanted or not: that
 * costs milliseconds.
 */
function opaque<T extends Agent>(agent: T): T {
  return Object.assign(agent, { [inspect.custom]: () => "[Agent]" });
}

function dial(modem: DockerModem, endpoint: Endpoint, call: Call): Promise<Reply> {
  const { signal } = call;
  const source = call.body instanceof Readable ? call.body : undefined;
  // What the source of an upload throws is the caller's own error, not one of the connection.
  let sourceError: Error | undefined;
  const remember = (error: Error): void => {
    sourceError = error;
  };
  source?.on("error", remember);
  const explain = (cause: unknown): Error => sourceError ?? explainFailure(cause, endpoint, signal);
  return new Promise<Reply>((resolve, reject) => {
    modem.dial(dialOptions(call, source), (error, result) => {
      if (error) {
        source?.destroy();
        reject(explain(error));
      } else if (result instanceof IncomingMessage) {
        if (signal) addAbortSignal(signal, result);
        finished(result, () => source?.destroy());
        resolve({
          kind: "answer",
          status: result.statusCode ?? 0,
          headers: result.headers,
          body: guardBody(result, explain),
        });
      } else if (result instanceof Duplex) {
        if (signal) addAbortSignal(signal, result);
        resolve({ kind: "hijacked", duplex: result });
      } else {
        reject(new BerthError("internal", "docker-modem gave neither an answer nor a connection"));
      }
    });
  });
}

function dialOptions(call: Call, source: Readable | undefined): DockerModem.DialOptions {
  const headers: OutgoingHttpHeaders = { ...call.headers };
  return {
    method: call.method,
    // docker-modem appends `_query` to a path that ends in "?".
    path: Object.keys(call.query).length > 0 ? `${call.path}?` : call.path,
    headers,
    allowEmpty: call.body !== undefined,
    options: { _query: call.query, _body: source ? {} : (call.body ?? {}) },
    isStream: true,
    hijack: call.hijack,
    statusCodes: everyStatus,
    ...(source && { file: source }),
    ...(call.signal && { abortSignal: call.signal }),
  };
}

/**
 * The same bytes, but a connection that breaks shows as the error that says so, and dropping the stream drops
 * the connection.
 */
function guardBody(body: IncomingMessage, explain: (cause: unknown) => Error): Readable {
  const out = new PassThrough();
  finished(body, { writable: false }, (error) => {
    if (error) out.destroy(explain(error));
  });
  out.once("close", () => {
    if (!body.readableEnded) body.destroy();
  });
  return body.pipe(out);
}
