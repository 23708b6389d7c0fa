import type { SwarmNode } from "#api/node.ts";
import type { Engine } from "./connection/engine.ts";
import { request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/** Only a manager of a swarm answers. */
export function listNodes(engine: Engine, options: Abortable = {}): Promise<readonly SwarmNode[]> {
  return request(engine, { path: "/nodes", signal: options.signal });
}
