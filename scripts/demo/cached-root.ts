import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { cacheDirectory } from "#plan/image/cache.ts";
import { imageName } from "./berth.ts";

/**
 * Removes the root that the image was made of, also a half-built one, and the cache itself when nothing else
 * is in it.
 */
export async function removeCachedRoot(): Promise<void> {
  const cache = cacheDirectory(process.env, process.getuid?.() ?? -1, homedir());
  const roots = join(cache, "roots");
  await endBuilders(join(roots, `.${imageName}-`));
  for (const file of await list(roots)) {
    if (new RegExp(`^\\.?${imageName}-[0-9a-f]{12}\\.(tar|lock)$`).test(file)) await rm(join(roots, file));
    // What a killed builder left; the host's /dev and /proc may be mounted in it.
    else if (new RegExp(`^\\.${imageName}-[0-9a-f]{12}\\.work-`).test(file))
      await removeTree(join(roots, file));
  }
  await removeEmpty(roots);
  await removeEmpty(cache);
}

/** Removes a directory unless something is in it or mounted there. */
export async function removeEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (!["ENOENT", "ENOTEMPTY", "EBUSY", "EACCES", "EPERM"].includes(error.code ?? "")) throw error;
  });
}

/** Builders that outlived a killed berth: their process groups work on a path that starts so. */
async function endBuilders(path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const groups = new Set(await groupsNaming(path));
    if (groups.size === 0) return;
    // mmdebstrap cleans up on SIGTERM; kill it after 5 s.
    if (tries === 0 || tries === 50)
      for (const group of groups) signalGroup(group, tries === 0 ? "SIGTERM" : "SIGKILL");
    await sleep(100);
  }
}

async function groupsNaming(path: string): Promise<readonly number[]> {
  const pids = (await list("/proc")).filter((name) => /^\d+$/.test(name));
  // A process may end while it is looked at.
  const read = (pid: string, file: string) => readFile(join("/proc", pid, file), "utf8").catch(() => "");
  const found = await Promise.all(
    pids.map(async (pid) => {
      if (!(await read(pid, "cmdline")).includes(path)) return [];
      // proc(5): the fields after the name in brackets are state, parent, process group.
      const group = Number(/^.*\) . \d+ (\d+)/s.exec(await read(pid, "stat"))?.[1] ?? 0);
      return group > 1 ? [group] : [];
    }),
  );
  return found.flat();
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}
