import type { Engine } from "./connection/engine.ts";
import { request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/** Engine API, "Node": what berth reads of it. */
export interface SwarmNode {
  readonly ID: string;
  readonly Spec: {
    readonly Role?: "worker" | "manager";
    readonly Availability?: "active" | "pause" | "drain";
  };
  readonly Description: { readonly Hostname: string };
  /** The address from which the managers see it. */
  readonly Status: { readonly State: "unknown" | "down" | "ready" | "disconnected"; readonly Addr?: string };
}

/** Only a manager of a swarm answers. */
export function listNodes(engine: Engine, options: Abortable = {}): Promise<readonly SwarmNode[]> {
  return request(engine, { path: "/nodes", signal: options.signal });
}
