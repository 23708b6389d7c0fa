import type { Engine } from "#engine/connection/engine.ts";
import { hasCode } from "#errors.ts";
import { defaultEmbeddedEngine } from "#host/embedded-engine/options.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { findProcess } from "#host/process/process-stat.ts";
import type { EngineConfig } from "./install-runtime.ts";
import { type EngineChoice, openEngine } from "./open-engine.ts";

const systemConfig = "/etc/docker/daemon.json";

/**
 * Which daemon.json and which dockerd belong to the engine that was chosen; `file` and `pid` are the user's
 * own word.
 */
export async function findEngineConfig(
  choice: EngineChoice,
  file: string | undefined,
  pid: number | undefined,
): Promise<EngineConfig> {
  const engine = await openIfRunning(choice);
  const embedded = await privateEngineStatus(defaultEmbeddedEngine());
  const isEmbedded = engine?.endpoint.kind === "unix" && engine.endpoint.path === embedded.socket;
  const number = pid ?? (isEmbedded ? embedded.pid : await localProcess(engine));
  return {
    engine,
    file: file ?? (isEmbedded ? embedded.configFile : systemConfig),
    process: number === undefined ? undefined : findProcess(number),
  };
}

async function openIfRunning(choice: EngineChoice): Promise<Engine | undefined> {
  try {
    return await openEngine(choice);
  } catch (error) {
    if (hasCode(error, "engine-unreachable")) return undefined;
    throw error;
  }
}

/** An engine of this host, where its process is to be seen. */
async function localProcess(engine: Engine | undefined): Promise<number | undefined> {
  return engine?.endpoint.kind === "unix" ? await findEngineProcess(engine.endpoint.path) : undefined;
}
