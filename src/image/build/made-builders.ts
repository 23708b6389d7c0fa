import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { filesIn } from "#host/files/files-in.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/*
 * The images that this berth has made to build in, by their ids, which nobody can forge: what an engine has
 * by name and label may be anyone's (`docker load`), and builds run in it with rights.
 */

/** Below `cacheDirectory`: an empty file for each. */
const directory = "builders";

/** Podman commits to a bare id and inspects one with the digest's algorithm. */
const fileOf = (cache: string, id: string) =>
  join(cache, directory, `${id.replace(/^sha256:/, "").replace(/[^0-9a-f]/g, "_")}.id`);

export async function isMadeBuilder(cache: string, id: string): Promise<boolean> {
  try {
    await access(fileOf(cache, id));
    return true;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "EACCES"])) return false;
    throw error;
  }
}

export async function noteMadeBuilder(cache: string, id: string): Promise<void> {
  await mkdir(join(cache, directory), { recursive: true });
  await writeFile(fileOf(cache, id), "");
}

/** The files of all, by their paths. */
export const findMadeBuilders = (cache: string): Promise<readonly string[]> =>
  filesIn(join(cache, directory));

/** Forgets them: the next build makes a new one. */
export async function removeMadeBuilders(cache: string): Promise<void> {
  await rm(join(cache, directory), { recursive: true, force: true });
}
