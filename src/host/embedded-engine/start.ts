import { mkdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import { ensureProfile } from "#host/apparmor/machine-profile.ts";
import { holdIds } from "#host/namespace/id-ranges.ts";
import { withLock } from "#host/process/lock.ts";
import { lockPlace } from "#host/process/lock-place.ts";
import type { ProcessStat } from "#host/process/process-stat.ts";
import { requireRoot } from "#host/process/require-root.ts";
import {
  applyDaemonConfig,
  checkDataDirectory,
  dockerdArguments,
  uplinkNameServer,
} from "./daemon-config.ts";
import { engineCgroup } from "./engine-cgroups.ts";
import { askEngine } from "./engine-socket.ts";
import { removeLeftovers } from "./leftovers.ts";
import { checkOptions, type EmbeddedEngineOptions, enginePaths } from "./options.ts";
import { readRecordedProcess } from "./process-identity.ts";
import { removeTree } from "./remove-tree.ts";
import { findTool } from "./required-tools.ts";
import { holdShadowed } from "./shadowed.ts";
import { type EngineTools, type SpawnedEngine, spawnEngine } from "./spawn-engine.ts";
import { type EngineSettings, privateEngineStatus } from "./status.ts";
import { unitCgroup, usesUnit } from "./unit.ts";

export interface StartedEmbeddedEngine {
  /** Path of the API socket. */
  readonly socket: string;
  /** The namespaces' init, as the host numbers it; SIGHUP to it makes dockerd read its daemon.json again. */
  readonly pid: number;
  /** The daemon.json that a start keeps and an edit may change. */
  readonly configFile: string;
}

/** How long a start may take until the engine answers. */
const startLimit = 180_000;

/**
 * Starts the distribution's dockerd in its own network, mount and PID namespaces, and returns when it
 * answers. Leaves the host's firewall, routes, mounts and engine alone; adds only the transient unit
 * `berth-engine-NAME.service` where systemd runs the host, else the cgroup `/berth-engine-NAME`. Returns an
 * engine that is already running, unless its cgroup view, uplink or root differ (`conflict`). Calls
 * `onWaiting` while another berth works on it. A failed start leaves nothing behind. Throws `tool-missing`,
 * `host-unfit` and `engine-unreachable`.
 */
export async function startEmbeddedEngine(
  given: EmbeddedEngineOptions,
  onWaiting?: () => void,
): Promise<StartedEmbeddedEngine> {
  checkOptions(given);
  requireRoot("an embedded engine");
  await mkdir(given.stateDirectory, { recursive: true, mode: 0o755 });
  const stateDirectory = await realpath(given.stateDirectory);
  const work = async () => {
    const running = await findRunning(given);
    if (running !== undefined) return running;
    const tools = await findTools(given);
    const isNew = !(await checkDataDirectory(given));
    await removeLeftovers(given);
    await mkdir(given.dataDirectory, { recursive: true, mode: 0o711 });
    const dataDirectory = await realpath(given.dataDirectory);
    const rootDirectory =
      given.rootDirectory === undefined ? {} : { rootDirectory: await realpath(given.rootDirectory) };
    const options = { ...given, stateDirectory, dataDirectory, ...rootDirectory };
    try {
      return await startNew(options, tools);
    } catch (error) {
      await removeLeftovers(options);
      if (isNew) await removeTree(dataDirectory);
      throw error;
    }
  };
  return withLock(lockPlace(stateDirectory), undefined, work, onWaiting);
}

async function findTools(options: EmbeddedEngineOptions): Promise<EngineTools> {
  const root = options.rootDirectory ?? "/";
  const dockerd = await findTool(["dockerd"], root);
  const init = await findTool(["docker-init", "tini"], root);
  await findTool(["iptables"], root);
  for (const tool of ["ip", "mount", "setpriv"] as const) await findTool([tool]);
  if (options.rootDirectory !== undefined) await findTool(["pivot_root"]);
  if (options.uplink === true) await findTool(["slirp4netns"]);
  return { dockerd, init, unshare: await findTool(["unshare"]) };
}

function settingsOf(options: EngineSettings): EngineSettings {
  return {
    cgroupView: options.cgroupView ?? "host",
    uplink: options.uplink ?? false,
    ...(options.rootDirectory === undefined ? {} : { rootDirectory: options.rootDirectory }),
  };
}

async function findRunning(options: EmbeddedEngineOptions): Promise<StartedEmbeddedEngine | undefined> {
  const status = await privateEngineStatus(options);
  if (status.state !== "running" || status.pid === undefined) return undefined;
  const wanted = settingsOf(options);
  if (JSON.stringify(status.settings) !== JSON.stringify(wanted)) {
    throw new BerthError("conflict", `engine ${options.name} is already running with other settings`, {
      hint: "Stop it first, then start it again.",
      details: { running: status.settings, wanted },
    });
  }
  // It may be one whose starter was killed before it answered.
  const end = performance.now() + startLimit;
  while ((await askEngine(status.socket, "/_ping")) === undefined) {
    // Or one that has been killed and is about to end.
    if ((await privateEngineStatus(options)).state !== "running") return undefined;
    if (performance.now() > end) {
      throw new BerthError("engine-unreachable", `engine ${options.name} is running but does not answer`, {
        hint: `See ${status.log}; stop the engine, then start it again.`,
      });
    }
    await sleep(100);
  }
  return { socket: status.socket, pid: status.pid, configFile: status.configFile };
}

async function startNew(options: EmbeddedEngineOptions, tools: EngineTools): Promise<StartedEmbeddedEngine> {
  const paths = enginePaths(options);
  const config = await applyDaemonConfig(options);
  await writeFile(paths.settings, `${JSON.stringify(settingsOf(options))}\n`);
  if (options.rootDirectory === undefined) await holdShadowed(options.name);
  // The engine's own root may lack the program that loads it; a refusal shows when a machine starts.
  ensureProfile();
  const idsMark = holdIds(options.name);
  if (options.uplink === true) await writeFile(paths.resolvConf, `nameserver ${uplinkNameServer}\n`);
  const asUnit = await usesUnit(options);
  const cgroup = asUnit ? unitCgroup(options.name) : engineCgroup(options.name);
  const dockerdArgs = dockerdArguments(options, config, cgroup);
  const init = await waitForAnswer(
    options,
    await spawnEngine(options, tools, { idsMark, dockerdArgs, asUnit }),
  );
  return { socket: paths.socket, pid: init.pid, configFile: paths.config };
}

async function waitForAnswer(options: EmbeddedEngineOptions, engine: SpawnedEngine): Promise<ProcessStat> {
  const paths = enginePaths(options);
  let ended: string | undefined;
  const end = performance.now() + startLimit;
  while (ended === undefined && performance.now() < end) {
    const isReady =
      (await askEngine(paths.socket, "/_ping")) !== undefined &&
      (options.uplink !== true || (await isUplinkReady(options)));
    const init = isReady ? await readRecordedProcess(paths.init) : undefined;
    if (init !== undefined) return init;
    await sleep(30);
    ended = await engine.ended();
  }
  const log = (await readFile(paths.log, "utf8")).trimEnd().split("\n").slice(-20);
  throw new BerthError(
    "engine-unreachable",
    [`embedded engine ${options.name} did not start: ${ended ?? "it did not answer in time"}`, ...log].join(
      "\n",
    ),
    { hint: "The lines above are the end of its log.", details: { log } },
  );
}

/** slirp4netns writes one byte when the network is ready. */
async function isUplinkReady(options: EmbeddedEngineOptions): Promise<boolean> {
  return stat(enginePaths(options).uplinkReady).then(
    ({ size }) => size > 0,
    () => false,
  );
}
