import { readFile } from "node:fs/promises";
import { askEngine } from "./engine-socket.ts";
import { hasLeftovers } from "./leftovers.ts";
import { checkPlace, type EmbeddedEngineOptions, type EmbeddedEnginePlace, enginePaths } from "./options.ts";
import { isAlive, readRecordedProcess } from "./process-identity.ts";
import { engineUnit, hasUnit } from "./unit.ts";

/** How the running engine was started. */
export type EngineSettings = Pick<EmbeddedEngineOptions, "cgroupView" | "uplink" | "rootDirectory">;

export interface EmbeddedEngineStatus {
  /** `dead-remains`: no process, but files or cgroups of an engine that did not end by a stop. */
  readonly state: "running" | "stopped" | "dead-remains";
  /** Path of the API socket; there only while running. */
  readonly socket: string;
  readonly log: string;
  /** The daemon.json to edit; SIGHUP to `pid` makes dockerd read it again. */
  readonly configFile: string;
  readonly name: string;
  readonly dataDirectory: string;
  /** The namespaces' init, as the host numbers it. Nsenter by it. */
  readonly pid?: number;
  /** dockerd's version; missing while it runs but does not answer. */
  readonly version?: string;
  readonly settings?: EngineSettings;
  /** The unit that it runs in, where systemd runs the host. */
  readonly unit?: string;
}

/** Reports an engine's state; changes nothing and needs no lock. */
export async function privateEngineStatus(place: EmbeddedEnginePlace): Promise<EmbeddedEngineStatus> {
  checkPlace(place);
  const paths = enginePaths(place);
  const facts = {
    socket: paths.socket,
    log: paths.log,
    configFile: paths.config,
    name: place.name,
    dataDirectory: place.dataDirectory,
  };
  const init = await readRecordedProcess(paths.init);
  if (init === undefined || !(await isAlive(init))) {
    return { ...facts, state: (await hasLeftovers(place)) ? "dead-remains" : "stopped" };
  }
  const version = await askEngine(paths.socket, "/version");
  const settings = JSON.parse(await readFile(paths.settings, "utf8")) as EngineSettings;
  return {
    ...facts,
    state: "running",
    pid: init.pid,
    settings,
    ...(hasUnit(place.name) ? { unit: engineUnit(place.name) } : {}),
    ...(version === undefined
      ? {}
      : { version: (JSON.parse(version) as { readonly Version: string }).Version }),
  };
}
