import type { ContainerStats } from "#api/stats.ts";
import type { Engine } from "./connection/engine.ts";
import { path, request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/**
 * One sample. `oneShot` answers at once; without it the engine takes a second to have a CPU time before to
 * compare with.
 */
export function readStats(
  engine: Engine,
  id: string,
  options: Abortable & { readonly oneShot?: boolean } = {},
): Promise<ContainerStats> {
  const query = { stream: false, "one-shot": options.oneShot };
  return request(engine, { path: path`/containers/${id}/stats`, query, signal: options.signal });
}
