import type { Readable } from "node:stream";
import type { Filters } from "#api/filters.ts";
import type { ImageInspect, ImageSummary } from "#api/image.ts";
import { BerthError } from "#errors.ts";
import type { Engine } from "./connection/engine.ts";
import { readMessages } from "./connection/json-lines.ts";
import { path, request, requestStatus, requestStream } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

export function listImages(
  engine: Engine,
  options: Abortable & { readonly all?: boolean; readonly filters?: Filters } = {},
): Promise<readonly ImageSummary[]> {
  const { signal, ...query } = options;
  return request(engine, { path: "/images/json", query, signal });
}

export function inspectImage(engine: Engine, name: string, options: Abortable = {}): Promise<ImageInspect> {
  return request(engine, { path: path`/images/${name}/json`, signal: options.signal });
}

export interface ImportImageOptions extends Abortable {
  readonly repo?: string;
  readonly tag?: string;
  readonly message?: string;
  /** Dockerfile instructions, such as `CMD ["/sbin/init"]`. */
  readonly changes?: readonly string[];
  /** os/arch[/variant]; the engine's own by default. */
  readonly platform?: string;
}

const imageId = /^sha256:[0-9a-f]{64}$/;

/**
 * Makes an image of one layer from a tar of a root (plain or compressed). Returns its id. What `tar` throws
 * comes out as it is.
 */
export async function importImage(
  engine: Engine,
  tar: Readable,
  options: ImportImageOptions = {},
): Promise<string> {
  const { signal, changes, ...query } = options;
  const reply = await requestStream(engine, {
    method: "POST",
    path: "/images/create",
    query: { fromSrc: "-", ...query, changes },
    body: tar,
    headers: { "Content-Type": "application/x-tar" },
    signal,
  });
  const last = await readMessages(engine, reply, signal);
  const id = last?.status;
  if (id !== undefined && imageId.test(id)) return id;
  throw new BerthError("engine-api", "the engine did not say which image it made", { details: { last } });
}

/** Loads images as `saveImages` (docker save) writes them; the archive's manifest names the images. */
export async function loadImages(engine: Engine, tar: Readable, { signal }: Abortable = {}): Promise<void> {
  const headers = { "Content-Type": "application/x-tar" };
  const reply = await requestStream(engine, {
    method: "POST",
    path: "/images/load",
    query: { quiet: true },
    body: tar,
    headers,
    signal,
  });
  await readMessages(engine, reply, signal);
}

/** A tar of these images with their names. Read it to the end or destroy it. */
export async function saveImages(
  engine: Engine,
  names: readonly string[],
  options: Abortable = {},
): Promise<Readable> {
  return (await requestStream(engine, { path: "/images/get", query: { names }, signal: options.signal }))
    .body;
}

export async function tagImage(
  engine: Engine,
  name: string,
  target: Abortable & { readonly repo: string; readonly tag?: string },
): Promise<void> {
  const { signal, ...query } = target;
  await requestStatus(engine, { method: "POST", path: path`/images/${name}/tag`, query, signal });
}

/**
 * What was taken away: names and, with the last name, the layers. Throws `conflict` while a container uses
 * it.
 */
export function removeImage(
  engine: Engine,
  name: string,
  options: Abortable & { readonly force?: boolean; readonly noprune?: boolean } = {},
): Promise<readonly { readonly Untagged?: string; readonly Deleted?: string }[]> {
  const { signal, ...query } = options;
  return request(engine, { method: "DELETE", path: path`/images/${name}`, query, signal });
}

export interface CommitOptions extends Abortable {
  readonly repo?: string;
  readonly tag?: string;
  readonly comment?: string;
  readonly author?: string;
  /** Holds the container still meanwhile; true by default. */
  readonly pause?: boolean;
  readonly changes?: readonly string[];
}

/** Makes an image of a container's root as it is, volumes and tmpfs left out. Returns its id. */
export async function commitContainer(
  engine: Engine,
  container: string,
  options: CommitOptions = {},
): Promise<string> {
  const { signal, changes, ...rest } = options;
  const query = { container, ...rest, changes };
  return (await request<{ Id: string }>(engine, { method: "POST", path: "/commit", query, body: {}, signal }))
    .Id;
}
