import type { SystemInfo } from "#api/system.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError } from "#errors.ts";

/**
 * The engine's GET /info. Throws `host-unfit` unless it is a manager of a swarm, since only managers answer
 * about services.
 */
export async function requireManager(engine: Engine, signal: AbortSignal): Promise<SystemInfo> {
  const info = await readInfo(engine, { signal });
  if (info.Swarm.ControlAvailable) return info;
  const inactive = info.Swarm.LocalNodeState === "inactive";
  throw new BerthError(
    "host-unfit",
    inactive ? `${info.Name} is not in a swarm` : `${info.Name} is not a manager of its swarm`,
    {
      hint: inactive
        ? "create a swarm with `docker swarm init`, or name a manager with --host or --context"
        : "name a manager with --host or --context",
      details: { state: info.Swarm.LocalNodeState },
    },
  );
}
