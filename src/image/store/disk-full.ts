import type { Engine } from "#engine/connection/engine.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError, hasCode } from "#errors.ts";
import { readDisk } from "#host/facts/engine-disk.ts";
import { findEngineProcess } from "#host/process/engine-process.ts";

/**
 * The error itself, or `disk-full` if an engine of this host failed and its disk has less than `needed` bytes
 * free: engines report a full disk as a generic error with a sentence for humans.
 */
export async function explainDiskFull(engine: Engine, error: unknown, needed: number): Promise<unknown> {
  if (!hasCode(error, "engine-api") || engine.endpoint.kind !== "unix") return error;
  const pid = await findEngineProcess(engine.endpoint.path);
  if (pid === undefined) return error;
  const { DockerRootDir } = await readInfo(engine);
  const disk = await readDisk(pid, DockerRootDir);
  if (disk === undefined || disk.free >= needed) return error;
  return new BerthError("disk-full", `the engine's disk is full (${DockerRootDir}): ${error.message}`, {
    hint: "free some space (`docker system df` shows what uses it), then run this again to continue",
    details: { ...disk, needed },
    cause: error,
  });
}
