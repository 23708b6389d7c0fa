import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { inspectContainer, removeContainer } from "../engine/containers.ts";
import type { Engine } from "../engine/engine.ts";
import { BerthError, hasCode } from "../errors.ts";
import { findEngineProcess } from "../host/engine-process.ts";
import { eachMachine, type MachineOutcome, type Reached } from "./each-machine.ts";
import type { Machine } from "./machines.ts";

export type RemoveState = "removing" | "removed" | "failed";

export interface RemoveOptions {
  readonly signal: AbortSignal;
  /** Kills a machine that runs. */
  readonly force: boolean;
  readonly onState: (name: string, state: RemoveState, detail?: string) => void;
}

const mostAtOnce = 16;

/**
 * Removes machines with their file systems and anonymous volumes, never named ones. A machine that runs is a `conflict`
 * unless forced. On an engine of this host the parent cgroup that a machine had without berth-runtime goes too.
 */
export async function removeMachines(
  engine: Engine,
  machines: readonly Machine[],
  options: RemoveOptions,
): Promise<readonly MachineOutcome[]> {
  const { signal, onState } = options;
  const onFailed = (name: string, error: BerthError) => onState(name, "failed", error.message.split("\n")[0]);
  return await eachMachine([machines], { parallel: mostAtOnce, signal, onFailed }, (machine) => remove(engine, machine, options));
}

async function remove(engine: Engine, machine: Machine, { signal, force, onState }: RemoveOptions): Promise<Reached> {
  const { id, name } = machine;
  onState(name, "removing");
  let changed = true;
  try {
    const { State, HostConfig } = await inspectContainer(engine, id, { signal });
    if (!force && (State.Running || State.Paused || State.Restarting)) {
      throw new BerthError("conflict", `${name} is ${State.Status}`, {
        hint: `stop it first (berth stop ${name}), or remove it with --force`,
      });
    }
    await removeContainer(engine, id, { force, volumes: true, signal });
    if (HostConfig.CgroupParent === `/berth/${name}`) await removeCgroupParents(engine, name);
  } catch (error) {
    // Somebody else removed it meanwhile.
    if (!hasCode(error, "not-found")) throw error;
    changed = false;
  }
  onState(name, "removed");
  return { changed, state: "removed" };
}

/** Engines make a container's parent cgroup and leave it. Only plain rmdir, which takes no cgroup that is still used. */
async function removeCgroupParents(engine: Engine, name: string): Promise<void> {
  if (engine.endpoint.kind !== "unix") return;
  const pid = await findEngineProcess(engine.endpoint.path);
  if (pid === undefined) return;
  const root = `/proc/${pid}/root/sys/fs/cgroup`;
  for (const hierarchy of await hierarchiesOf(root)) await removeEmpty(join(hierarchy, "berth", name));
}

/** cgroup2's own root, and the v1 hierarchies below it; none where the engine's files are not ours to see. */
async function hierarchiesOf(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return [root, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name))];
  } catch (error) {
    if (isOneOf(error, ["ENOENT", "EACCES"])) return [];
    throw error;
  }
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    // Not there, in use, or not ours to remove: it stays, and harms nobody.
    if (!isOneOf(error, ["ENOENT", "ENOTDIR", "EBUSY", "ENOTEMPTY", "EACCES", "EPERM", "EROFS"])) throw error;
  }
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
