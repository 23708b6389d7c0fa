import { run } from "#host/process/run.ts";

/**
 * Removes a directory and all below it, without going into anything that is mounted below, such as the host's
 * /dev: then the directories on the way there stay. One that is not there is fine.
 */
export async function removeWithinMount(directory: string): Promise<void> {
  await run("rm", ["-rf", "--one-file-system", "--", directory]);
}
