import { run } from "#host/process/run.ts";

/**
 * Removes a directory and all below it without entering mounts below it (example: the host's /dev), whose
 * mount points stay. Ignores a missing directory.
 */
export async function removeWithinMount(directory: string): Promise<void> {
  await run("rm", ["-rf", "--one-file-system", "--", directory]);
}
