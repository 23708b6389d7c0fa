import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BerthError } from "#errors.ts";
import { enginePaths } from "#host/embedded-engine/options.ts";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { startEmbeddedEngine } from "#host/embedded-engine/start.ts";
import { stopEmbeddedEngine } from "#host/embedded-engine/stop.ts";
import { run } from "#host/process/run.ts";
import { cacheDirectory } from "./cache.ts";
import { makeLabDirectory, nodePlace } from "./lab-directory.ts";
import { cached } from "./lab-image.ts";

/** The `docker import` of a root's tarball that boots; on an engine, before the tarball and the image's name. */
export const importWords = ["import", "--change", 'CMD ["/sbin/init"]'] as const;

/**
 * What an engine alone has on its disk after it imported a root's tarball: its `image` and `overlay2`, which
 * other engines take over at a fraction of an import's cost. Made once and kept beside the tarball; undefined
 * for one that is not in the cache, and where engines do not choose overlay2 for their storage driver.
 */
export async function importedRoot(tarball: string): Promise<string | undefined> {
  if (dirname(tarball) !== (await cacheDirectory())) return undefined;
  try {
    return await cached(`imported-${basename(tarball, ".tar")}`, (path) => importAlone(tarball, path));
  } catch (error) {
    if (error instanceof BerthError && error.code === "host-unfit") return undefined;
    throw error;
  }
}

async function importAlone(tarball: string, path: string): Promise<void> {
  const directory = await makeLabDirectory();
  const place = nodePlace(directory, "import");
  const { socket, dataRoot } = enginePaths(place);
  const docker = (...args: readonly string[]) =>
    run("/usr/bin/docker", ["--host", `unix://${socket}`, ...args]);
  try {
    await mkdir(join(directory, "import"));
    await startEmbeddedEngine({ ...place, endsWithCaller: true });
    const driver = (await docker("info", "--format", "{{.Driver}}")).stdout.trim();
    if (driver !== "overlay2") throw new BerthError("host-unfit", `engines store images by ${driver} here`);
    await docker(...importWords, tarball);
    // Until it has ended, its containerd may write.
    await stopEmbeddedEngine(place);
    await mkdir(path, { mode: 0o700 });
    await run("mv", ["--", join(dataRoot, "image"), join(dataRoot, "overlay2"), path]);
  } finally {
    await stopEmbeddedEngine({ ...place, grace: 0 });
    await removeTree(directory);
  }
}
