import { closeSync, openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type ChildProcess, spawn } from "#host/process/spawn.ts";
import { systemPath } from "#linux/search-path.ts";
import { readEngineCgroups } from "./engine-cgroups.ts";
import { type EmbeddedEngineOptions, enginePaths } from "./options.ts";
import { findTool } from "./required-tools.ts";
import { initScript, uplinkScript } from "./scripts.ts";
import { renderEnvironment, unitCgroup, unitCommand } from "./unit.ts";

/** Paths of programs; `init` and `dockerd` as seen from the engine's root. */
export type EngineTools = Readonly<Record<"init" | "dockerd" | "unshare", string>>;

export interface EngineArguments {
  /** As `holdIds` gives it. */
  readonly idsMark: string;
  readonly dockerdArgs: readonly string[];
  /** Whether systemd is to run it, as `engineUnit`. */
  readonly asUnit: boolean;
}

export interface SpawnedEngine {
  /** How it has ended; undefined while it runs. */
  readonly ended: () => Promise<string | undefined>;
}

/** Starts an engine's processes, which outlive the caller unless the options say otherwise. */
export async function spawnEngine(
  options: EmbeddedEngineOptions,
  tools: EngineTools,
  args: EngineArguments,
): Promise<SpawnedEngine> {
  const command = engineCommand(options, tools, args);
  if (!args.asUnit) {
    const child = spawnLogged(options, command);
    return { ended: async () => child.end };
  }
  await writeFile(enginePaths(options).environment, renderEnvironment(engineEnvironment()), { mode: 0o600 });
  const child = spawnLogged(options, unitCommand(await findTool(["systemd-run"]), options, command));
  const hasCgroup = async () =>
    (await readEngineCgroups(options.name)).some((directory) => directory.endsWith(unitCgroup(options.name)));
  return {
    ended: async () => {
      // systemd-run ends as soon as the unit has started.
      if (child.status !== 0) return child.end;
      return (await hasCgroup()) ? undefined : "its unit has ended";
    },
  };
}

function engineCommand(
  options: EmbeddedEngineOptions,
  tools: EngineTools,
  { idsMark, dockerdArgs }: EngineArguments,
): readonly string[] {
  const uplink = options.uplink === true;
  // The kernel kills a process with a parent death signal when its parent ends; --kill-child hands that on to
  // the namespaces' init.
  const lifeline = options.endsWithCaller === true ? ["setpriv", "--pdeathsig", "KILL", "--"] : [];
  const lent = Object.entries(options.lentLayers ?? {}).flat();
  const namespaces = "--net --mount --pid --uts --fork --kill-child --propagation private --".split(" ");
  const engine = [
    ...[...lifeline, tools.unshare, ...namespaces, "sh", "-c", initScript, "berth-engine"],
    ...[
      options.stateDirectory,
      options.dataDirectory,
      options.cgroupView ?? "host",
      options.rootDirectory ?? "",
    ],
    ...[uplink ? "yes" : "no", options.hostname ?? "", idsMark],
    ...[...lent, "--", ...(options.shownDirectories ?? []), "--"],
    ...[tools.init, tools.dockerd, ...dockerdArgs],
  ];
  return uplink
    ? [...lifeline, "sh", "-c", uplinkScript, "berth-uplink", options.stateDirectory, ...engine]
    : engine;
}

/** A child process and, once it has ended, how. */
interface LoggedChild {
  end?: string;
  status?: number | null;
}

function spawnLogged(
  options: EmbeddedEngineOptions,
  [command = "", ...args]: readonly string[],
): LoggedChild {
  const log = openSync(enginePaths(options).log, "a", 0o640);
  try {
    // detached is setsid(2): no terminal's hang-up or Ctrl-C reaches the engine.
    const child: ChildProcess = spawn(command, args, {
      detached: true,
      cwd: "/",
      stdio: ["ignore", log, log],
      env: engineEnvironment(),
    });
    child.unref();
    const seen: LoggedChild = {};
    child.once("error", (error) => {
      seen.end = error.message;
    });
    child.once("exit", (status, signal) => {
      seen.status = status;
      seen.end = signal === null ? `it exited with status ${status}` : `${signal} killed it`;
    });
    return seen;
  } finally {
    closeSync(log);
  }
}

/** What dockerd itself understands; DOCKER_HOST and the like are the caller's business. */
function engineEnvironment(): Record<string, string> {
  const kept = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
  ];
  const present = kept.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return { ...Object.fromEntries(present), PATH: systemPath, HOME: "/root", LANG: "C.UTF-8" };
}
