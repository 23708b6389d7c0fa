import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { request as requestTls } from "node:https";
import { stringify } from "node:querystring";
import { addAbortSignal, type Duplex, finished, PassThrough, Readable } from "node:stream";
import type { Endpoint } from "#api/address.ts";
import { explainFailure } from "./failure.ts";
import type { Spawn } from "./spawn.ts";
import { type Target, targetOf } from "./target.ts";

/** One HTTP exchange. `path` is complete except for the query; `body` is JSON, or a stream (a tar). */
export interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  /** Asks to take over the connection. */
  readonly hijack?: boolean;
  readonly signal?: AbortSignal | undefined;
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

/**
 * A way to talk to this endpoint; `spawn` starts ssh where the endpoint is reached by it. Nothing is read
 * nor connected before the first call.
 */
export function createDial(endpoint: Endpoint, spawn: Spawn): Dial {
  let target: Target | undefined;
  return async (call) => {
    target ??= targetOf(endpoint, spawn);
    return exchange(target, endpoint, call);
  };
}

function exchange(target: Target, endpoint: Endpoint, call: Call): Promise<Reply> {
  const { signal, body } = call;
  const source = body instanceof Readable ? body : undefined;
  // What the source of an upload throws is the caller's own error, not one of the connection.
  let sourceError: Error | undefined;
  const explain = (cause: unknown): Error => sourceError ?? explainFailure(cause, endpoint, signal);
  const reply = new Promise<Reply>((resolve, reject) => {
    const outgoing = openRequest(target, call);
    // Stays for the time after the answer: an engine may end the connection of an upload that it refused.
    outgoing.on("error", reject);
    outgoing.once("response", (response) => {
      if (signal) addAbortSignal(signal, response);
      finished(response, () => source?.destroy());
      resolve({
        kind: "answer",
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: guardBody(response, explain),
      });
    });
    outgoing.once("upgrade", (_response, duplex, head) => {
      if (head.length > 0) duplex.unshift(head);
      if (signal) addAbortSignal(signal, duplex);
      resolve({ kind: "hijacked", duplex });
    });
    source?.on("error", (error) => {
      sourceError = error;
      outgoing.destroy(error);
    });
    if (source) source.pipe(outgoing);
    else outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
  return reply.catch((cause) => {
    source?.destroy();
    throw explain(cause);
  });
}

function openRequest({ secure, options }: Target, call: Call): ClientRequest {
  const { method, body, hijack, signal } = call;
  const query = stringify(call.query);
  return (secure ? requestTls : request)({
    ...options,
    method,
    path: query === "" ? call.path : `${call.path}?${query}`,
    headers: {
      ...(body !== undefined && {
        "Content-Type": body instanceof Readable ? "application/x-tar" : "application/json",
      }),
      ...(hijack && { Connection: "Upgrade", Upgrade: "tcp" }),
    },
    ...(signal && { signal }),
  });
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
