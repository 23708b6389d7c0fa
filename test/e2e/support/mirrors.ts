import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statesOf } from "./isolated.ts";
import type { Node } from "./nodes.ts";

/** The file of a machine as `docker cp` brings it out; undefined where it brings none. */
export async function broughtOut(engine: Node, path: string): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "berth-out-"));
  try {
    const { status } = await engine.tryDocker("cp", path, join(directory, "file"));
    // Docker's client calls it a success also when the engine could read nothing of what it had found.
    return status === 0 && existsSync(join(directory, "file"))
      ? await readFile(join(directory, "file"), "utf8")
      : undefined;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/**
 * What is mounted at the place where the engine has a machine's files, the topmost last: kinds of file
 * systems.
 */
export async function mountedFor(engine: Node, name: string): Promise<readonly string[]> {
  const place = (
    await engine.docker("inspect", "--format", "{{.GraphDriver.Data.MergedDir}}", name)
  ).stdout.trim();
  const { stdout } = await engine.run("cat", "/proc/self/mountinfo");
  return stdout.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    return fields[4] === place ? [fields[fields.indexOf("-") + 1] ?? ""] : [];
  });
}

/**
 * The processes of a node whose command line ends so: `berth runtime mirror` serves, `berth-runtime mirror`
 * watches over it.
 */
export async function processesCalled(node: Node, words: string): Promise<readonly number[]> {
  const { stdout } = await node.run("sh", "-c", `pgrep -f '${words}$' || true`);
  return stdout.split("\n").filter(Boolean).map(Number);
}

export const server = "berth runtime mirror";
export const supervisor = "berth-runtime mirror";

/** What there still is of mirrors on a node: mounts in any mount namespace, processes, states. */
export async function mirrorsLeft(node: Node): Promise<readonly string[]> {
  const { stdout } = await node.run("sh", "-c", "grep -sh ' - fuse.berth ' /proc/[0-9]*/mountinfo || true");
  const processes = [
    ...(await processesCalled(node, server)),
    ...(await processesCalled(node, supervisor)),
  ].map(String);
  return [...stdout.split("\n").filter(Boolean), ...processes, ...(await statesOf(node))];
}
