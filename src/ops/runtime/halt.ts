import { basename, join } from "node:path";
import { findStates } from "#host/files/machine-states.ts";
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
  const signals = readStopSignals(root);
  const inits = findContainerInits([...signals.keys()]);
  for (const { id, process: init } of inits) signalInit(init.pid, signals.get(id) ?? 0);
  const running = () => inits.filter(({ process: init }) => isThere(init));
  await poll(limitMs, async () => running().length === 0 || undefined);
  const left = running().map(({ id }) => id);
  return { halted: inits.length - left.length, left };
}

/** The signals that shut machines down, by the containers' ids, from the states below a directory. */
function readStopSignals(root: string): ReadonlyMap<string, number> {
  return new Map(
    findStates(root).flatMap((state): [string, number][] => {
      const signal = Number.parseInt(readIfThereSync(join(state, stateMark)) ?? "", 10);
      return signal > 0 ? [[basename(state), signal]] : [];
    }),
  );
}

function signalInit(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Ended meanwhile.
    if (!hasErrno(error, ["ESRCH"])) throw error;
  }
}
