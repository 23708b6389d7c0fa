import type { Readable } from "node:stream";
import type { ContainerConfig } from "#api/container-config.ts";
import type { Filters } from "#api/filters.ts";
import type { ImageInspect, ImageSummary } from "#api/image.ts";
import type { ProgressMessage } from "#api/progress-message.ts";
import type { Engine } from "./connection/engine.ts";
import { readMessages } from "./connection/json-lines.ts";
import { path, request, requestStream } from "./connection/request.ts";
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

/** Loads images as docker save writes them; the archive's manifest names the images. */
export async function loadImages(engine: Engine, tar: Readable, { signal }: Abortable = {}): Promise<void> {
  const reply = await requestStream(engine, {
    method: "POST",
    path: "/images/load",
    query: { quiet: true },
    body: tar,
    signal,
  });
  await readMessages(engine, reply, signal);
}

/**
 * Pulls an image from its registry. Throws `not-found` if the registry has none of that name, `engine-api` if
 * the engine does not reach it.
 */
export async function pullImage(
  engine: Engine,
  reference: string,
  { signal, onMessage }: Abortable & { readonly onMessage?: (message: ProgressMessage) => void } = {},
): Promise<void> {
  const query = { fromImage: reference };
  const reply = await requestStream(engine, { method: "POST", path: "/images/create", query, signal });
  await readMessages(engine, reply, signal, onMessage);
}

/** Makes an image of a container's files, with this configuration on top of the container's; its id. */
export async function commitContainer(
  engine: Engine,
  container: string,
  { repo, tag, config, signal }: CommitOptions,
): Promise<string> {
  const query = { container, repo, tag };
  const options = { method: "POST", path: "/commit", query, body: config, signal } as const;
  return (await request<{ Id: string }>(engine, options)).Id;
}

export interface CommitOptions extends Abortable {
  readonly repo: string;
  readonly tag: string;
  readonly config: ContainerConfig;
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
