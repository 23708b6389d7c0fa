import { statfs } from "node:fs/promises";
import { inRootOf } from "#host/files/beneath.ts";
import { ignoreUnreadable } from "#host/process/proc-file.ts";

/** A directory of an engine's, and the bytes that are free where it is. */
export interface EngineDisk {
  readonly directory: string;
  readonly free: number;
}

/** Looks up the directory in the root of the engine's process; undefined if it does not exist. */
export async function readDisk(pid: number | "self", directory: string): Promise<EngineDisk | undefined> {
  // Others than root may not look through the engine's own root.
  const facts =
    (await ignoreUnreadable(inRootOf(pid, directory, (place) => statfs(place)))) ??
    (await ignoreUnreadable(statfs(directory)));
  return facts && { directory, free: facts.bavail * facts.bsize };
}
