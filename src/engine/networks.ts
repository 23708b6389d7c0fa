import type { Network, NetworkCreateConfig } from "#api/network.ts";
import type { Engine } from "./connection/engine.ts";
import { path, request, requestStatus } from "./connection/request.ts";
import type { Abortable, Filters } from "./containers.ts";

/** Engine API, "Network". The list holds no containers; inspect for these. */
export function listNetworks(
  engine: Engine,
  options: Abortable & { readonly filters?: Filters } = {},
): Promise<readonly Network[]> {
  const { signal, ...query } = options;
  return request(engine, { path: "/networks", query, signal });
}

export function inspectNetwork(engine: Engine, id: string, options: Abortable = {}): Promise<Network> {
  return request(engine, { path: path`/networks/${id}`, signal: options.signal });
}

/** Returns the id. Throws `conflict` when the name is taken. */
export async function createNetwork(
  engine: Engine,
  config: NetworkCreateConfig,
  options: Abortable = {},
): Promise<string> {
  const body = { CheckDuplicate: true, ...config };
  return (
    await request<{ Id: string }>(engine, {
      method: "POST",
      path: "/networks/create",
      body,
      signal: options.signal,
    })
  ).Id;
}

export async function removeNetwork(engine: Engine, id: string, options: Abortable = {}): Promise<void> {
  await requestStatus(engine, { method: "DELETE", path: path`/networks/${id}`, signal: options.signal });
}
