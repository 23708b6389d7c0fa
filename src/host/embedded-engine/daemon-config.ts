import { readdir, readFile } from "node:fs/promises";
import { BerthError } from "#errors.ts";
import { replaceFile } from "#host/files/replace-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { isJsonObject } from "#json-object.ts";
import { type EmbeddedEngineOptions, type EmbeddedEnginePlace, enginePaths } from "./options.ts";

/** slirp4netns's own name server, slirp4netns(1). */
export const uplinkNameServer = "10.0.2.3";

type DaemonConfig = Readonly<Record<string, unknown>>;

/** The engine's daemon.json; undefined if it does not exist yet. */
export async function readDaemonConfig(place: EmbeddedEnginePlace): Promise<DaemonConfig | undefined> {
  const { config } = enginePaths(place);
  try {
    const value: unknown = JSON.parse(await readFile(config, "utf8"));
    if (isJsonObject(value)) return value;
  } catch (cause) {
    if (hasErrno(cause, ["ENOENT"])) return undefined;
    throw new BerthError("file-invalid", `cannot parse ${config} as JSON`, {
      cause,
      hint: "Correct or remove it.",
    });
  }
  throw new BerthError("file-invalid", `${config} is not a JSON object`, { hint: "Correct or remove it." });
}

/** Merges the start's settings over the kept ones and writes daemon.json atomically, keeping its mode. */
export async function applyDaemonConfig(options: EmbeddedEngineOptions): Promise<DaemonConfig> {
  const { config } = enginePaths(options);
  const merged = { ...(await readDaemonConfig(options)), ...options.extraConfig };
  await replaceFile(config, `${JSON.stringify(merged, undefined, 2)}\n`);
  return merged;
}

/**
 * The flags that are the engine's frame, dockerd(8); `cgroup` is the machines'. What daemon.json says already
 * gets no flag: dockerd refuses both at once.
 */
export function dockerdArguments(
  options: EmbeddedEngineOptions,
  config: DaemonConfig,
  cgroup: string,
): readonly string[] {
  const paths = enginePaths(options);
  const flag = (key: string, name: string, value: string | undefined) =>
    value === undefined || config[key] !== undefined ? [] : [`--${name}=${value}`];
  return [
    `--data-root=${paths.dataRoot}`,
    "--exec-root=/run/docker",
    "--pidfile=/run/docker.pid",
    `--host=unix://${paths.socket}`,
    `--config-file=${paths.config}`,
    ...flag("cgroup-parent", "cgroup-parent", cgroup),
    ...flag("exec-opts", "exec-opt", "native.cgroupdriver=cgroupfs"),
    ...flag("bip", "bip", options.bridgeAddress),
    ...flag("dns", "dns", options.uplink === true ? uplinkNameServer : undefined),
  ];
}

/**
 * Throws `not-ours` for a non-empty directory without an engine's daemon.json: berth neither uses nor removes
 * it. True if the directory exists.
 */
export async function checkDataDirectory(place: EmbeddedEnginePlace): Promise<boolean> {
  const entries = await readdir(place.dataDirectory).catch((error: unknown) => {
    if (hasErrno(error, ["ENOENT"])) return undefined;
    throw error;
  });
  if (entries === undefined) return false;
  if (entries.length > 0 && !entries.includes("daemon.json")) {
    throw new BerthError(
      "not-ours",
      `${place.dataDirectory} contains files that are not an embedded engine's`,
      {
        hint: "Choose an empty directory.",
      },
    );
  }
  return true;
}
