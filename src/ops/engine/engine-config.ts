import { resolveEndpoint } from "#engine/connection/endpoint.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { hasCode } from "#errors.ts";
import { readEngineProgram } from "#host/facts/engine-program.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";
import { findProcess } from "#host/process/process-stat.ts";
import { chooseDaemonConfig } from "#plan/engine/choose-daemon-config.ts";
import { enginePackaging } from "#plan/engine/engine-program.ts";
import type { EngineConfig } from "./install-runtime.ts";
import { type EngineChoice, openEngine } from "./open-engine.ts";

/**
 * Which daemon.json and which dockerd belong to the engine that was chosen; `file` and `pid` are the user's
 * own word. Throws `host-unfit` and `engine-unreachable` as `chooseDaemonConfig` does.
 */
export async function findEngineConfig(
  choice: EngineChoice,
  file: string | undefined,
  pid: number | undefined,
): Promise<EngineConfig> {
  const engine = await openIfRunning(choice);
  const { env, host, context } = choice;
  const endpoint =
    engine?.endpoint ?? resolveEndpoint(env, { ...(host && { host }), ...(context && { context }) });
  const socket = endpoint.kind === "unix" ? endpoint.path : undefined;
  const number = pid ?? (engine && socket !== undefined ? await findEngineProcess(socket) : undefined);
  const found = number === undefined ? undefined : findProcess(number);
  const program = found === undefined ? undefined : await readEngineProgram(found.pid);
  const given = { file, process: pid !== undefined };
  const byRoot = process.geteuid?.() === 0;
  return {
    engine,
    file: chooseDaemonConfig({ endpoint, answers: engine !== undefined, program, byRoot, given }),
    process: found,
    isRootless: !byRoot && program !== undefined && enginePackaging(program) === "rootless",
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
