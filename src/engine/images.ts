import type { Readable } from "node:stream";
import type { ContainerConfig } from "#api/container.ts";
import type { Engine } from "./connection/engine.ts";
import { readMessages } from "./connection/json-lines.ts";
import { path, request, requestStream } from "./connection/request.ts";
import type { Abortable, Filters } from "./containers.ts";

export interface ImageSummary {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Unix time, seconds. */
  readonly Created: number;
  /** Bytes. */
  readonly Size: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** -1 when not counted. */
  readonly Containers: number;
}

export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Parent?: string;
  readonly Comment: string;
  readonly Created?: string;
  readonly Author: string;
  readonly Config?: ContainerConfig | null;
  readonly Architecture: string;
  readonly Os: string;
  readonly Size: number;
  readonly GraphDriver?: { readonly Name: string; readonly Data: Readonly<Record<string, string>> | null };
  readonly RootFS: { readonly Type: string; readonly Layers?: readonly string[] | null };
}

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
