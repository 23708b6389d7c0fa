import { closeSync, openSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { listContainers, removeContainer } from "../engine/containers.ts";
import type { Engine } from "../engine/engine.ts";
import { BerthError, hasCode } from "../errors.ts";
import { hasErrno } from "../host/errno.ts";
import { inMountNamespace } from "../host/mount-namespace.ts";
import { isMissing, orUndefined } from "../host/proc-file.ts";
import { isStageOpen } from "../host/stage.ts";
import type { Remains } from "../plan/doctor-facts.ts";
import { clearState, stageOf } from "./runtime-state.ts";

/** Where berth-runtime keeps a machine's own files: below it the runtime's root, then the container's id. */
const stateRoot = "/run/berth/runtime";
/** What guest-probe.ts labels its containers with. */
const probeLabel = "berth.probe";
/** Younger ones may be somebody's work at this very moment. */
const staleMs = 60_000;

/** What crashes have left on an engine and, given its process, on its host. */
export async function findRemains(engine: Engine, pid: number | undefined, signal: AbortSignal): Promise<Remains> {
  const containers = await listContainers(engine, { all: true, signal });
  const alive = new Set(containers.filter(({ State }) => State !== "exited" && State !== "dead").map(({ Id }) => Id));
  const probes = containers.filter(
    ({ Labels, State, Created }) => probeLabel in Labels && State === "created" && Date.now() - Created * 1000 > staleMs,
  );
  return { states: pid === undefined ? [] : await staleStates(`/proc/${pid}/root`, alive), probes: probes.map(({ Id }) => Id) };
}

/** Removes what `findRemains` found. Throws `host-unfit` when that takes more rights. */
export async function removeRemains(engine: Engine, { states, probes }: Remains, signal: AbortSignal): Promise<void> {
  for (const id of probes) {
    try {
      await removeContainer(engine, id, { force: true, volumes: true, signal });
    } catch (error) {
      // Somebody else removed it meanwhile.
      if (!hasCode(error, "not-found")) throw error;
    }
  }
  for (const state of states) {
    try {
      detachStage(state);
      clearState(state);
    } catch (cause) {
      if (!hasErrno(cause, ["EACCES", "EPERM", "EROFS"])) throw cause;
      throw new BerthError("host-unfit", `${state} cannot be removed`, { hint: "run `berth doctor --fix` as root", cause });
    }
  }
}

/** A stage is mounted in its engine's mount namespace, and is to be unmounted there alone, whatever this process sees through /proc. */
function detachStage(state: string): void {
  const stage = stageOf(state);
  const [, pid, path] = /^\/proc\/(\d+)\/root(\/.+)$/.exec(stage) ?? [];
  if (pid === undefined || path === undefined || !isStageOpen(stage)) return;
  const namespace = openSync(`/proc/${pid}/ns/mnt`, "r");
  try {
    inMountNamespace(namespace, (inside) => {
      const mounted = inside.openPlace(path);
      try {
        inside.detach(mounted);
      } finally {
        closeSync(mounted);
      }
    });
  } finally {
    closeSync(namespace);
  }
}

async function staleStates(root: string, alive: ReadonlySet<string>): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const { directory, made } of await findStates(join(root, stateRoot), 0)) {
    const container = `/${relative(join(root, stateRoot), directory)}`;
    const id = container.slice(container.lastIndexOf("/") + 1);
    if (alive.has(id) || Date.now() - made < staleMs) continue;
    // A container lives as long as its directory below the runtime's root; a link such as /var/run would lead astray here.
    const places = [container, container.replace(/^\/var\/run\//, "/run/")].map((place) => join(root, place));
    if ((await Promise.all(places.map(isMissing))).every((missing) => missing === true)) stale.push(directory);
  }
  return stale;
}

const deepest = 16;

/** Directories with a stop-signal in them, and when that was written. */
async function findStates(directory: string, depth: number): Promise<readonly { readonly directory: string; readonly made: number }[]> {
  const made = (await orUndefined(stat(join(directory, "stop-signal"))))?.mtimeMs;
  if (made !== undefined) return [{ directory, made }];
  if (depth > deepest) return [];
  const entries = (await orUndefined(readdir(directory, { withFileTypes: true }))) ?? [];
  const below = entries.filter((entry) => entry.isDirectory()).map((entry) => findStates(join(directory, entry.name), depth + 1));
  return (await Promise.all(below)).flat();
}
