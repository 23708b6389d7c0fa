import type { StoredFile } from "#api/stored-file.ts";
import type { Engine } from "./connection/engine.ts";
import { request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/** Engine API, "Secret". Only a manager of a swarm answers. */
export function listSecrets(engine: Engine, options: Abortable = {}): Promise<readonly StoredFile[]> {
  return request(engine, { path: "/secrets", signal: options.signal });
}

/** Engine API, "Config". Only a manager of a swarm answers. */
export function listConfigs(engine: Engine, options: Abortable = {}): Promise<readonly StoredFile[]> {
  return request(engine, { path: "/configs", signal: options.signal });
}
