import type { OutputChunk } from "#api/demux.ts";
import type { Filters } from "#api/filters.ts";
import type { Service, ServiceSpec } from "#api/service.ts";
import type { Engine } from "./connection/engine.ts";
import { readOutput } from "./connection/output.ts";
import { path, request, requestStatus, requestStream } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/** Engine API, "Service". Only a manager of a swarm answers; ask `readInfo` first. */
export function listServices(
  engine: Engine,
  options: Abortable & { readonly filters?: Filters } = {},
): Promise<readonly Service[]> {
  const { signal, ...query } = options;
  return request(engine, { path: "/services", query, signal });
}

/** By name or id. Throws `not-found`. */
export function inspectService(engine: Engine, id: string, options: Abortable = {}): Promise<Service> {
  return request(engine, { path: path`/services/${id}`, signal: options.signal });
}

/** Returns the id. Throws `conflict` when the name is taken. */
export async function createService(
  engine: Engine,
  spec: ServiceSpec,
  options: Abortable = {},
): Promise<string> {
  return (
    await request<{ readonly ID: string }>(engine, {
      method: "POST",
      path: "/services/create",
      body: spec,
      signal: options.signal,
    })
  ).ID;
}

export interface UpdateServiceOptions extends Abortable {
  /** The service's version that this changes; the engine refuses when it has another by now. */
  readonly version: number;
  /** Goes back to the specification before; `spec` then counts for nothing. */
  readonly rollback?: boolean;
}

/** Replaces the whole specification. */
export async function updateService(
  engine: Engine,
  id: string,
  spec: ServiceSpec,
  options: UpdateServiceOptions,
): Promise<void> {
  const { signal, version, rollback = false } = options;
  const query = { version, ...(rollback && { rollback: "previous" }) };
  await requestStatus(engine, {
    method: "POST",
    path: path`/services/${id}/update`,
    query,
    body: spec,
    signal,
  });
}

/** Its tasks stop after this call has answered. */
export async function removeService(engine: Engine, id: string, options: Abortable = {}): Promise<void> {
  await requestStatus(engine, { method: "DELETE", path: path`/services/${id}`, signal: options.signal });
}

export interface ServiceLogsOptions extends Abortable {
  readonly follow?: boolean;
  /** The last lines of each task; all by default. */
  readonly tail?: number;
  /** Unix time in seconds, with a fraction if wanted. */
  readonly since?: number;
  /** Puts an RFC 3339 time before each line. */
  readonly timestamps?: boolean;
  /** Whether its containers have a terminal. */
  readonly tty?: boolean;
}

/** The log of all tasks of a service, on whatever node; the output comes as `readOutput` says. */
export function readServiceLogs(
  engine: Engine,
  id: string,
  options: ServiceLogsOptions = {},
): Promise<AsyncIterable<OutputChunk>> {
  return readSwarmLogs(engine, path`/services/${id}/logs`, options);
}

/** The log of one task. */
export function readTaskLogs(
  engine: Engine,
  id: string,
  options: ServiceLogsOptions = {},
): Promise<AsyncIterable<OutputChunk>> {
  return readSwarmLogs(engine, path`/tasks/${id}/logs`, options);
}

async function readSwarmLogs(
  engine: Engine,
  where: string,
  options: ServiceLogsOptions,
): Promise<AsyncIterable<OutputChunk>> {
  const { signal, tty = false, ...query } = options;
  const reply = await requestStream(engine, {
    path: where,
    query: { stdout: true, stderr: true, ...query },
    signal,
  });
  return readOutput(engine, reply.body, tty, signal);
}
