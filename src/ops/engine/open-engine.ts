import { realpathSync } from "node:fs";
import { renderEndpoint } from "#api/address.ts";
import { connect } from "#engine/connection/connect.ts";
import { type Environment, resolveEndpoint } from "#engine/connection/endpoint.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError, hasCode } from "#errors.ts";
import { defaultEmbeddedEngine } from "#host/embedded-engine/options.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
import { lockPlace } from "#host/process/lock-place.ts";
import { spawn } from "#host/process/spawn.ts";

export interface EngineChoice {
  readonly env: Environment;
  readonly host?: string | undefined;
  readonly context?: string | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Connects to the chosen engine, else to the one that docker would use, else to berth's embedded engine.
 * Throws `engine-unreachable` with the endpoints tried.
 */
export async function openEngine({ env, host, context, signal }: EngineChoice): Promise<Engine> {
  const endpoint = resolveEndpoint(env, {
    ...(host !== undefined && { host }),
    ...(context !== undefined && { context }),
  });
  try {
    return await connect(endpoint, { spawn, signal });
  } catch (error) {
    if (endpoint.source !== "default" || !hasCode(error, "engine-unreachable")) throw error;
    const embedded = await privateEngineStatus(defaultEmbeddedEngine());
    if (embedded.state === "running") {
      const endpoint = { kind: "unix", path: embedded.socket, source: "berth engine" } as const;
      return await connect(endpoint, { spawn, signal });
    }
    throw new BerthError(
      "engine-unreachable",
      `no Docker engine answers at ${renderEndpoint(endpoint)}, and berth's own is not running`,
      {
        hint: "start Docker, name another engine with --host, or run `berth engine start`",
        details: error.details,
        cause: error,
      },
    );
  }
}

/** The lock for changes of this engine's machines from this host, one for each user. */
export function engineLock(engine: Engine): string {
  // One socket may have several paths, for example by /var/run.
  return lockPlace(
    engine.endpoint.kind === "unix" ? realpathSync(engine.endpoint.path) : renderEndpoint(engine.endpoint),
  );
}
