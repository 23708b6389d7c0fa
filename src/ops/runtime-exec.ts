import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hasErrno } from "../host/errno.ts";
import { forgetNames } from "../host/syscalls.ts";
import type { OciProcess } from "../oci/config.ts";
import { parseConfig, renderConfig } from "../oci/json.ts";
import { dropCapabilities, widenCapabilities } from "../oci/patch.ts";
import { readCapabilities, readIsolated } from "./runtime-state.ts";

export interface RuntimeExec {
  /** The file with the process that the engine hands to `exec --process` (OCI runtime-spec, config.md, process). */
  readonly process: string;
  /** The machine's state. */
  readonly state: string;
}

/** Gives a process that is to run in a machine the capabilities that the machine has, and takes those which the host lacks, as `create` did. */
export function runtimeExec({ process, state }: RuntimeExec): void {
  refreshRoot(state);
  const config = parseConfig(readFileSync(process, "utf8")) as OciProcess;
  if (config.capabilities === undefined) return;
  const { lacking, granted } = readCapabilities(state);
  const capabilities = dropCapabilities(widenCapabilities(config.capabilities, granted), lacking);
  writeFileSync(process, renderConfig({ ...config, capabilities }));
}

/**
 * A machine in a user namespace has its files by a mount of its own beside the engine's, and either remembers names that the
 * other has changed since: what `docker cp` has brought must be there for a command that is run after it.
 */
function refreshRoot(state: string): void {
  const machine = readIsolated(state);
  if (machine === undefined) return;
  try {
    if (!isMapped(machine)) return;
    // An engine that was started anew may have its mounts out of our sight.
    for (const root of [machine.root, `/proc/${machine.pid}/root`]) if (existsSync(root)) forgetNames(root);
  } catch (error) {
    // The machine has ended, perhaps this very moment: the runtime itself says so.
    if (!hasErrno(error, ["ENOENT", "ESRCH"])) throw error;
  }
}

/** Whether the process is still the machine's: one of the machine's ids is its root's. Throws `ENOENT` or `ESRCH` when it has ended. */
function isMapped({ pid, base }: { readonly pid: number; readonly base: number }): boolean {
  return Number(readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/)[1]) === base;
}
