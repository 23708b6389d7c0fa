import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { abortConnectionsOf } from "#host/namespace/fuse-connection.ts";
import { idsOfEngine, releaseIds } from "#host/namespace/id-ranges.ts";
import type { ProcessStat } from "#host/process/process-stat.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { freeEngineCgroups, readEngineCgroups, removeEngineCgroups } from "./engine-cgroups.ts";
import { type EmbeddedEnginePlace, enginePaths } from "./options.ts";
import { readProcess, readRecordedProcess, signalProcess, waitUntilGone } from "./process-identity.ts";
import { releaseShadowed } from "./shadowed.ts";
import { endUnit } from "./unit.ts";

/** Where namespaces are put together; empty directories as seen from the host. */
const stages = ["run", "sys", "layer", "root"] as const;
/** What a start cut short may have left in the middle of a rename. */
const unfinished = ["init.new"] as const;

/**
 * A killed process that unmounts the last overlays first has a busy disk write all of theirs; milliseconds.
 */
const endLimit = 60_000;

/** Milliseconds between two looks whether something is still frozen. */
const thawPause = 500;

/** Whether files or cgroups of an engine exist. */
export async function hasLeftovers(place: EmbeddedEnginePlace): Promise<boolean> {
  const entries = await readdir(place.stateDirectory).catch((error: unknown) => {
    if (hasErrno(error, ["ENOENT"])) return [];
    throw error;
  });
  return entries.length > 0 || (await readEngineCgroups(place.name)).length > 0;
}

/**
 * Kills the engine's remaining processes, waits until they and their namespaces are gone, and removes its
 * cgroups and its files in the state directory. Keeps the data. `known` is the namespaces' holder, if the
 * caller has ended init already.
 */
export async function removeLeftovers(place: EmbeddedEnginePlace, known?: ProcessStat): Promise<void> {
  const paths = enginePaths(place);
  const init = await readRecordedProcess(paths.init);
  const uplink = await readRecordedProcess(paths.uplink);
  const holder = known ?? (init === undefined ? undefined : await readHolder(init));
  if (init !== undefined) await killAndWait(init, place.name);
  if (holder !== undefined && !(await waitUntilGone(holder, endLimit))) throw stillThere(holder);
  if (uplink !== undefined && !(await waitUntilGone(uplink, 2000))) await killAndWait(uplink, place.name);
  await endUnit(place.name);
  await removeEngineCgroups(place.name);
  await releaseShadowed(place.name);
  releaseIds(place.name);
  await removeStateFiles(place);
}

/** The unshare(1) that waits for init and holds the namespaces too; a moment after init it is gone. */
export async function readHolder(init: ProcessStat): Promise<ProcessStat | undefined> {
  const now = await readProcess(init.pid);
  // Another process has init's pid now, so ignore its parent.
  return now?.startTime === init.startTime && now.parent > 1 ? await readProcess(now.parent) : undefined;
}

async function killAndWait(identity: ProcessStat, engine: string): Promise<void> {
  await signalProcess(identity, "SIGKILL");
  for (const end = performance.now() + endLimit; performance.now() < end; ) {
    // More than once, since what holds its neighbours may itself take a moment to end.
    await freeEngineCgroups(engine);
    for (const ids of idsOfEngine(identity.pid)) abortConnectionsOf(ids);
    if (await waitUntilGone(identity, thawPause)) return;
  }
  throw stillThere(identity);
}

async function removeStateFiles(place: EmbeddedEnginePlace): Promise<void> {
  const { config: _config, dataRoot: _dataRoot, ...files } = enginePaths(place);
  // The init file goes last: until then a later stop still knows what to look for.
  const { init, ...others } = files;
  for (const path of [
    ...Object.values(others),
    ...unfinished.map((file) => join(place.stateDirectory, file)),
    init,
  ]) {
    await rm(path, { force: true });
  }
  for (const stage of stages) {
    await rmdir(join(place.stateDirectory, stage)).catch((error: unknown) => {
      if (!hasErrno(error, ["ENOENT"])) throw error;
    });
  }
}

function stillThere(identity: ProcessStat): BerthError {
  return new BerthError("tool-failed", `process ${identity.pid} of the embedded engine does not exit`, {
    hint: `See what it waits for in /proc/${identity.pid}/stack.`,
    details: identity,
  });
}
