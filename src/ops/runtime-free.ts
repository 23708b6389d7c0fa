import { abortConnectionsOf } from "../host/fuse-connection.ts";
import { readIsolated } from "./runtime-state.ts";

/** Lets go what of a machine that was told SIGKILL waits for the machine itself, besides what the launcher lifts of its cgroups. */
export function freeMachine(state: string): void {
  const machine = readIsolated(state);
  if (machine !== undefined) abortConnectionsOf(machine.range);
}
