import { closeSync, openSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { ContainerSummary } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listContainers, removeContainer } from "#engine/containers.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError, hasCode } from "#errors.ts";
import { inDirectory, inRootOf, isMissingInRootOf } from "#host/files/beneath.ts";
import { inMountNamespace } from "#host/namespace/mount-namespace.ts";
import { isStageOpen } from "#host/namespace/stage/stage.ts";
import { hasEnded } from "#host/process/process-mark.ts";
import { findProcess, isThere } from "#host/process/process-stat.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { label } from "#labels/machine.ts";
import { stateRoot } from "#oci/machine-state.ts";
import { clearState, isOldState, stageOf } from "#ops/runtime/state.ts";
import type { Leftovers } from "#plan/doctor/doctor-facts.ts";
import { ownContainers } from "./own-containers.ts";

/** Milliseconds. Another process may still be working on younger ones. */
const staleMs = 60_000;

/** What crashes have left on an engine and, given its process, on its host. */
export async function findLeftovers(
  engine: Engine,
  pid: number | undefined,
  signal: AbortSignal,
): Promise<Leftovers> {
  const [containers, { SystemTime }] = await Promise.all([
    listContainers(engine, { all: true, signal }),
    readInfo(engine, { signal }),
  ]);
  // What the engine made it has dated by its own clock, which another may have set back since.
  const now = SystemTime === undefined ? Date.now() : Date.parse(SystemTime);
  const alive = new Set(
    containers.filter(({ State }) => State !== "exited" && State !== "dead").map(({ Id }) => Id),
  );
  const old = containers.filter(
    ({ State, Created }) => State === "created" && Math.abs(now - Created * 1000) > staleMs,
  );
  const probes = await ownContainers(engine, old, label.probe, signal);
  const building = await ownContainers(engine, containers, label.builder, signal);
  const builders = building.filter(({ Labels }) => hasEnded(Labels[label.builderProcess] ?? ""));
  const engineProcess = pid === undefined ? undefined : findProcess(pid);
  const states = engineProcess === undefined ? [] : await staleStates(engineProcess.pid, alive);
  return { engineProcess, states, probes: probes.map(idOf), builders: builders.map(idOf) };
}

const idOf = ({ Id }: ContainerSummary) => Id;

/**
 * Removes what `findLeftovers` found. Throws `host-unfit` when that takes more rights, `engine-lost` when the
 * engine has ended since.
 */
export async function removeLeftovers(
  engine: Engine,
  { engineProcess, states, probes, builders }: Leftovers,
  signal: AbortSignal,
): Promise<void> {
  for (const id of [...probes, ...builders]) {
    try {
      await removeContainer(engine, id, { force: true, volumes: true, signal });
    } catch (error) {
      // Another process removed it meanwhile, or a builder has ended.
      if (!hasCode(error, "not-found")) throw error;
    }
  }
  if (engineProcess === undefined) return;
  for (const state of states) {
    // The engine may have ended long ago, so do not enter whatever process has its pid now.
    if (!isThere(engineProcess))
      throw new BerthError("engine-lost", "the engine stopped meanwhile", {
        hint: "start it, then run this again",
      });
    try {
      await removeState(engineProcess.pid, state);
    } catch (cause) {
      if (!hasErrno(cause, ["EACCES", "EPERM", "EROFS"])) throw cause;
      throw new BerthError("host-unfit", `cannot remove ${state}`, {
        hint: "run `berth doctor --fix` as root",
        cause,
      });
    }
  }
}

/**
 * Opens each directory from the engine's own root on, so that no link redirects the removal, even one made
 * meanwhile.
 */
async function removeState(engineProcess: number, state: string): Promise<void> {
  await inRootOf(engineProcess, stateRoot, (top) =>
    inDirectory(top, relative(stateRoot, dirname(state)) || ".", (place) => {
      const opened = join(place, basename(state));
      if (isStageOpen(stageOf(opened))) detachStage(engineProcess, stageOf(state));
      clearState(opened);
    }),
  );
}

/** A stage is mounted in its engine's mount namespace: unmount it only there. */
function detachStage(engineProcess: number, stage: string): void {
  const namespace = openSync(`/proc/${engineProcess}/ns/mnt`, "r");
  try {
    inMountNamespace(namespace, (inside) => {
      const mounted = inside.openPlace(stage);
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

async function staleStates(engineProcess: number, alive: ReadonlySet<string>): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const state of (await inRootOf(engineProcess, stateRoot, (top) => findOldStates(top, "", 0))) ?? []) {
    if (alive.has(basename(state))) continue;
    // A container lives as long as its directory below the runtime's root.
    if (await isMissingInRootOf(engineProcess, state)) stale.push(`${stateRoot}/${state}`);
  }
  return stale;
}

const deepest = 16;

/**
 * States that are older than any create in progress, as paths below `directory`; none below what this user
 * may not read.
 */
function findOldStates(directory: string, path: string, depth: number): readonly string[] {
  try {
    const isOld = isOldState(directory);
    if (isOld !== undefined) return isOld ? [path] : [];
    const names = depth > deepest ? [] : readdirSync(directory);
    return names.flatMap(
      (name) =>
        inDirectory(directory, name, (place) => findOldStates(place, join(path, name), depth + 1)) ?? [],
    );
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "EACCES"])) return [];
    throw error;
  }
}
