import { realpath } from "node:fs/promises";
import { withLock } from "#host/process/lock.ts";
import { lockPlace } from "#host/process/lock-place.ts";
import { isMissing } from "#host/process/proc-file.ts";
import { checkDataDirectory } from "./daemon-config.ts";
import { readHolder, removeLeftovers } from "./leftovers.ts";
import { checkPlace, type EmbeddedEnginePlace, enginePaths } from "./options.ts";
import { isAlive, readRecordedProcess, signalProcess, waitUntilGone } from "./process-identity.ts";
import { removeTree } from "./remove-tree.ts";

export interface StopEmbeddedEngineOptions extends EmbeddedEnginePlace {
  /** Removes the data directory too, with all images and machines. */
  readonly removeData?: boolean;
  /**
   * How long dockerd may take to stop its machines before all are killed, in milliseconds; 30 000 by default.
   */
  readonly grace?: number;
}

/**
 * Stops an engine: dockerd stops its machines and exits, then its namespaces, cgroups and state files are
 * removed. Also cleans up after a killed engine, and does nothing without one. Calls `onWaiting` while
 * another berth works on it. True if it was running.
 */
export async function stopEmbeddedEngine(
  options: StopEmbeddedEngineOptions,
  onWaiting?: () => void,
): Promise<boolean> {
  checkPlace(options);
  const isThere = !(await isMissing(options.stateDirectory));
  // By the path that its start took, where a link leads there.
  const lock = lockPlace(isThere ? await realpath(options.stateDirectory) : options.stateDirectory);
  return withLock(lock, undefined, () => stopLocked(options), onWaiting);
}

async function stopLocked(options: StopEmbeddedEngineOptions): Promise<boolean> {
  // Foreign data must not be found only after the engine is gone.
  if (options.removeData === true) await checkDataDirectory(options);
  const init = await readRecordedProcess(enginePaths(options).init);
  const wasRunning = init !== undefined && (await isAlive(init));
  const grace = options.grace ?? 30_000;
  const holder = init === undefined ? undefined : await readHolder(init);
  if (wasRunning && grace > 0) {
    // tini hands the signal to dockerd and ends when that has ended.
    await signalProcess(init, "SIGTERM");
    await waitUntilGone(init, grace);
  }
  await removeLeftovers(options, holder);
  if (options.removeData === true) await removeTree(options.dataDirectory);
  return wasRunning;
}
