import { mkdtemp, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { EmbeddedEnginePlace } from "#host/embedded-engine/options.ts";
import { isAlive, readRecordedProcess } from "#host/embedded-engine/process-identity.ts";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { stopEmbeddedEngine } from "#host/embedded-engine/stop.ts";
import { ignoreUnreadable } from "#host/process/proc-file.ts";

const prefix = "berth-lab-";

/**
 * Makes a temporary directory for this process's engines, after it has removed those, with the engines' files
 * and cgroups, whose process was killed.
 */
export async function makeLabDirectory(): Promise<string> {
  await removeDeadLabs(tmpdir());
  const directory = await realpath(await mkdtemp(join(tmpdir(), prefix)));
  await writeFile(join(directory, "owner"), await readFile("/proc/self/stat"));
  return directory;
}

/** Where the engine of a lab's node is. */
export function nodePlace(directory: string, node: string): EmbeddedEnginePlace {
  const unique = basename(directory).slice(prefix.length).toLowerCase();
  return {
    name: `lab-${unique}-${node}`,
    stateDirectory: join(directory, node, "state"),
    dataDirectory: join(directory, node, "data"),
  };
}

/** Kills a lab's engines, and all that they run. */
export async function endNodes(directory: string, nodes: readonly string[]): Promise<void> {
  await Promise.all(nodes.map((node) => stopEmbeddedEngine({ ...nodePlace(directory, node), grace: 0 })));
}

/** Removes the labs in a directory whose process was killed, with their engines and cgroups. */
export async function removeDeadLabs(parent: string): Promise<void> {
  for (const directory of await deadDirectories(parent, prefix)) {
    const files = await readdir(directory, { withFileTypes: true });
    await endNodes(
      directory,
      files.filter((file) => file.isDirectory()).map(({ name }) => name),
    );
    await removeTree(directory);
  }
}

/** Directories of this prefix whose process, by its stat line in the file `owner`, has ended. */
export async function deadDirectories(parent: string, prefix: string): Promise<readonly string[]> {
  const dead: string[] = [];
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(prefix)) continue;
    const directory = await ignoreUnreadable(realpath(join(parent, entry)));
    // Its owner's end, or its removal by another one, was faster.
    if (directory === undefined) continue;
    const owner = await readRecordedProcess(join(directory, "owner"));
    if (owner !== undefined && !(await isAlive(owner))) dead.push(directory);
  }
  return dead;
}
