import { isCgroup, removeCgroups } from "#host/cgroup/cgroup-tree.ts";
import { endCgroups } from "#host/cgroup/end-cgroups.ts";
import { abortConnectionsOf } from "#host/namespace/fuse-connection.ts";
import { readCgroups, readHeld, readIsolated } from "./state.ts";

/**
 * Ends what remains of a killed machine, including what it waits for itself: its cgroups, its own file
 * systems (FUSE).
 */
export function endMachine(state: string): void {
  try {
    endCgroups(readHeld(state));
  } finally {
    const machine = readIsolated(state);
    if (machine !== undefined) abortConnectionsOf(machine.range);
  }
}

/**
 * Removes the cgroups of an ended machine, with those that it made below: runtimes remove by whole paths,
 * which fails for some. Warns of the remaining ones: in use, or not reached before `end` (performance.now()).
 */
export function removeMachineCgroups(state: string, end?: number): readonly string[] {
  return readCgroups(state).flatMap((cgroup) =>
    !isCgroup(cgroup) || removeCgroups(cgroup, end) ? [] : [`cannot remove cgroup ${cgroup} or one below it`],
  );
}
