import type { Filters } from "#api/filters.ts";
import type { Task } from "#api/task.ts";
import type { Engine } from "./connection/engine.ts";
import { request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/** All tasks, those that ended too as far as the swarm keeps them. Only a manager of a swarm answers. */
export function listTasks(
  engine: Engine,
  options: Abortable & { readonly filters?: Filters } = {},
): Promise<readonly Task[]> {
  const { signal, ...query } = options;
  return request(engine, { path: "/tasks", query, signal });
}
