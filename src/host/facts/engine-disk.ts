import { statfs } from "node:fs/promises";
import { inRootOf } from "#host/files/beneath.ts";
import { ignoreUnreadable } from "#host/process/proc-file.ts";

/** A directory of an engine's, and the bytes that are free where it is. */
export interface EngineDisk {
  readonly directory: string;
  readonly free: number;
}

/**
 * Reads it as the engine's process finds the directory, in a root of its own perhaps; undefined when it is
 * not there.
 */
export async function readDisk(pid: number | "self", directory: string): Promise<EngineDisk | undefined> {
  // Others than root may not look through the engine's own root.
  const facts =
    (await ignoreUnreadable(inRootOf(pid, directory, (place) => statfs(place)))) ??
    (await ignoreUnreadable(statfs(directory)));
  return facts && { directory, free: facts.bavail * facts.bsize };
}
