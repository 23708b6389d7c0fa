import type {
  ContainerCreateResponse,
  ContainerInspect,
  ContainerSummary,
  ContainerTopResponse,
  ContainerWaitResponse,
} from "#api/container.ts";
import type { CreateBody } from "#api/create-body.ts";
import type { Filters } from "#api/filters.ts";
import { BerthError, hasCode } from "#errors.ts";
import { supports } from "./connection/connect.ts";
import type { Engine } from "./connection/engine.ts";
import { path, request, requestStatus } from "./connection/request.ts";

/** Engine API, "Container". All of these take a name or an id and throw as `request` says. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

export interface ListContainersOptions extends Abortable {
  /** Stopped ones too. */
  readonly all?: boolean;
  readonly limit?: number;
  /** Counts the writable layer, which is slow. */
  readonly size?: boolean;
  readonly filters?: Filters;
}

export function listContainers(
  engine: Engine,
  options: ListContainersOptions = {},
): Promise<readonly ContainerSummary[]> {
  const { signal, ...query } = options;
  return request(engine, { path: "/containers/json", query, signal });
}

/**
 * `platform` is os/arch[/variant]. Throws `conflict` when the name is taken, `not-found` without the image.
 */
export function createContainer(
  engine: Engine,
  config: CreateBody,
  options: Abortable & { readonly name?: string; readonly platform?: string } = {},
): Promise<ContainerCreateResponse> {
  const { signal, ...query } = options;
  return request(engine, { method: "POST", path: "/containers/create", query, body: config, signal });
}

export function inspectContainer(
  engine: Engine,
  id: string,
  options: Abortable & { readonly size?: boolean } = {},
): Promise<ContainerInspect> {
  const { signal, size } = options;
  return request(engine, { path: path`/containers/${id}/json`, query: { size }, signal });
}

/** Whether this changed anything: false when it ran already. */
export async function startContainer(engine: Engine, id: string, options: Abortable = {}): Promise<boolean> {
  const where = path`/containers/${id}/start`;
  return (
    (await requestStatus(engine, { method: "POST", path: where, signal: options.signal, expect: [304] })) !==
    304
  );
}

export interface StopOptions extends Abortable {
  /** Seconds until the engine kills it; -1 waits indefinitely. Default: the container's own. */
  readonly timeout?: number;
  /** Name or number; from API 1.42, `engine-refused` before it. */
  readonly stopSignal?: string;
}

/** Stops and waits until it has. Whether this changed anything: false when it was stopped already. */
export async function stopContainer(engine: Engine, id: string, options: StopOptions = {}): Promise<boolean> {
  const where = path`/containers/${id}/stop`;
  const query = stopQuery(engine, options);
  return (
    (await requestStatus(engine, {
      method: "POST",
      path: where,
      query,
      signal: options.signal,
      expect: [304],
    })) !== 304
  );
}

function stopQuery(
  engine: Engine,
  { timeout, stopSignal }: StopOptions,
): { t: number | undefined; signal: string | undefined } {
  if (stopSignal !== undefined && !supports(engine, "1.42")) {
    throw new BerthError(
      "engine-refused",
      `this engine (API ${engine.apiVersion}) supports only the container's own stop signal`,
      {
        hint: "Send the signal with kill and wait, or update the engine to Docker 23 or later.",
      },
    );
  }
  return { t: timeout, signal: stopSignal };
}

export interface RemoveOptions extends Abortable {
  /** Kills it first when it runs. */
  readonly force?: boolean;
  /** Its anonymous volumes too. */
  readonly volumes?: boolean;
}

/** Returns once the container is removed, also if another client's removal was already in progress. */
export async function removeContainer(
  engine: Engine,
  id: string,
  options: RemoveOptions = {},
): Promise<void> {
  const { signal } = options;
  const query = { force: options.force, v: options.volumes };
  try {
    await requestStatus(engine, { method: "DELETE", path: path`/containers/${id}`, query, signal });
  } catch (error) {
    if (!hasCode(error, "conflict")) throw error;
    // While the engine kills it for its removal, its status is still "running". With `force`, the engine
    // refuses for no other reason.
    const isLeaving =
      options.force === true || (await inspectContainer(engine, id, { signal })).State.Status === "removing";
    if (!isLeaving || (await waitContainer(engine, id, { condition: "removed", signal })).Error) throw error;
  }
}

/** Waits without limit. `not-running` (the default) answers at once for one that is stopped. */
export function waitContainer(
  engine: Engine,
  id: string,
  options: Abortable & { readonly condition?: "not-running" | "next-exit" | "removed" } = {},
): Promise<ContainerWaitResponse> {
  const { signal, condition } = options;
  return request(engine, {
    method: "POST",
    path: path`/containers/${id}/wait`,
    query: { condition },
    signal,
  });
}

/** Sets the terminal's size, in characters. */
export async function resizeContainer(
  engine: Engine,
  id: string,
  size: Abortable & { readonly height: number; readonly width: number },
): Promise<void> {
  const query = { h: size.height, w: size.width };
  await requestStatus(engine, {
    method: "POST",
    path: path`/containers/${id}/resize`,
    query,
    signal: size.signal,
  });
}

/** The processes as the host's ps(1) shows them; `psArgs` are ps's arguments, "-ef" by default. */
export function topContainer(
  engine: Engine,
  id: string,
  options: Abortable & { readonly psArgs?: string } = {},
): Promise<ContainerTopResponse> {
  return request(engine, {
    path: path`/containers/${id}/top`,
    query: { ps_args: options.psArgs },
    signal: options.signal,
  });
}

/** Lets a paused container run on. Throws `conflict` when it was not paused. */
export async function unpauseContainer(engine: Engine, id: string, options: Abortable = {}): Promise<void> {
  await requestStatus(engine, {
    method: "POST",
    path: path`/containers/${id}/unpause`,
    signal: options.signal,
  });
}
