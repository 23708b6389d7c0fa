import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readIfThereSync } from "#host/files/read-if-there.ts";
import { findContainerInits } from "#host/process/container-inits.ts";
import { isThere } from "#host/process/process-stat.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { stateMark, stateRoot } from "#oci/machine-state.ts";
import { poll } from "#ops/task/poll.ts";

/** What became of the machines that were running. */
export interface Halt {
  readonly halted: number;
  /** Ids of those that still run. */
  readonly left: readonly string[];
}

/**
 * Shuts down all machines of this host that run, each by its init's own signal, and waits for their end. For
 * a host that shuts down: an engine that runs would start them again. `limitMs` limits the whole.
 */
export async function haltMachines(limitMs: number, root: string = stateRoot): Promise<Halt> {
  const signals = readStopSignals(root, 0);
  const inits = findContainerInits([...signals.keys()]);
  for (const { id, process: init } of inits) signalInit(init.pid, signals.get(id) ?? 0);
  const running = () => inits.filter(({ process: init }) => isThere(init));
  await poll(limitMs, async () => running().length === 0 || undefined);
  const left = running().map(({ id }) => id);
  return { halted: inits.length - left.length, left };
}

const deepest = 16;

/** The signals that shut machines down, by the containers' ids, from the states below a directory. */
function readStopSignals(directory: string, depth: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of depth > deepest ? [] : directoriesIn(directory)) {
    const path = join(directory, name);
    const signal = Number.parseInt(readIfThereSync(join(path, stateMark)) ?? "", 10);
    if (signal > 0) found.set(name, signal);
    else for (const [id, below] of readStopSignals(path, depth + 1)) found.set(id, below);
  }
  return found;
}

function directoriesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return [];
    throw error;
  }
}

function signalInit(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Ended meanwhile.
    if (!hasErrno(error, ["ESRCH"])) throw error;
  }
}
