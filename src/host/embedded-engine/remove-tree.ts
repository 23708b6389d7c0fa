import { realpath } from "node:fs/promises";
import { BerthError } from "#errors.ts";
import { removeWithinMount } from "#host/files/remove-within-mount.ts";
import { run } from "#host/process/run.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { mountsWithin, readMounts } from "./mount-table.ts";

/**
 * Removes a directory and all below it, never through a mount: unmounts mounts below it first. If one
 * remains, removes nothing and throws `conflict`, since it may be an engine's image layer. Ignores a missing
 * directory.
 */
export async function removeTree(path: string): Promise<void> {
  const directory = await realpath(path).catch((error: unknown) => {
    if (hasErrno(error, ["ENOENT"])) return undefined;
    throw error;
  });
  if (directory === undefined) return;
  for (const { point } of mountsWithin(await readMounts(), directory)) {
    if (point === directory) {
      throw new BerthError("conflict", `${directory} is itself a mount`, {
        hint: `Unmount ${directory}, or empty it yourself.`,
      });
    }
    await run("umount", ["--", point]);
  }
  const left = mountsWithin(await readMounts(), directory);
  if (left.length > 0) {
    throw new BerthError(
      "conflict",
      `${left.length} file systems are still mounted below ${directory}; removed nothing`,
      {
        hint: "Unmount them, then try again.",
        details: left.map(({ point }) => point),
      },
    );
  }
  await removeWithinMount(directory);
}
