import { readFile } from "node:fs/promises";
import type { Engine } from "../engine/engine.ts";
import { hasCode } from "../errors.ts";
import { defaultPrivateEngine } from "../host/private-engine/options.ts";
import { privateEngineStatus } from "../host/private-engine/status.ts";
import { readIfThere } from "../host/replace-file.ts";
import type { EngineConfig } from "./install-runtime.ts";
import { type EngineChoice, openEngine } from "./open-engine.ts";

const systemConfig = "/etc/docker/daemon.json";
const systemPidFile = "/var/run/docker.pid";

/** Which daemon.json and which dockerd belong to the engine that was chosen; `file` and `pid` are the user's own word. */
export async function findEngineConfig(choice: EngineChoice, file: string | undefined, pid: number | undefined): Promise<EngineConfig> {
  const engine = await openIfRunning(choice);
  const embedded = await privateEngineStatus(defaultPrivateEngine());
  const isEmbedded = engine?.endpoint.kind === "unix" && engine.endpoint.path === embedded.socket;
  return {
    engine,
    file: file ?? (isEmbedded ? embedded.configFile : systemConfig),
    pid: pid ?? (isEmbedded ? embedded.pid : await systemPid()),
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

/** The host's own dockerd, if its pid file names one that lives. */
async function systemPid(): Promise<number | undefined> {
  const pid = Number(await readIfThere(systemPidFile));
  if (!Number.isInteger(pid) || pid < 2) return undefined;
  const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
  return comm.trim() === "dockerd" ? pid : undefined;
}
