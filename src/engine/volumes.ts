import type { Engine } from "./connection/engine.ts";
import { path, request, requestStatus } from "./connection/request.ts";
import type { Abortable, Filters } from "./containers.ts";

export interface Volume {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly CreatedAt?: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: "local" | "global";
}

export interface VolumeCreateConfig {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export async function listVolumes(
  engine: Engine,
  options: Abortable & { readonly filters?: Filters } = {},
): Promise<readonly Volume[]> {
  const { signal, ...query } = options;
  return (
    (await request<{ Volumes: readonly Volume[] | null }>(engine, { path: "/volumes", query, signal }))
      .Volumes ?? []
  );
}

/** Makes it, or returns the one of that name that is there already; look at its labels to know. */
export function createVolume(
  engine: Engine,
  config: VolumeCreateConfig,
  options: Abortable = {},
): Promise<Volume> {
  return request(engine, { method: "POST", path: "/volumes/create", body: config, signal: options.signal });
}

export function inspectVolume(engine: Engine, name: string, options: Abortable = {}): Promise<Volume> {
  return request(engine, { path: path`/volumes/${name}`, signal: options.signal });
}

/** Throws `conflict` while a container uses it. */
export async function removeVolume(
  engine: Engine,
  name: string,
  options: Abortable & { readonly force?: boolean } = {},
): Promise<void> {
  const { signal, ...query } = options;
  await requestStatus(engine, { method: "DELETE", path: path`/volumes/${name}`, query, signal });
}
