import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hasErrno } from "../host/errno.ts";
import { forgetNames } from "../host/syscalls.ts";
import type { OciProcess } from "../oci/config.ts";
import { isForRuntime } from "../oci/image-wishes.ts";
import { parseConfig, renderConfig } from "../oci/json.ts";
import { dropCapabilities, widenCapabilities } from "../oci/patch.ts";
import { readCapabilities, readIsolated } from "./runtime-state.ts";

export interface RuntimeExec {
  /** The file with the process that the engine hands to `exec --process` (OCI runtime-spec, config.md, process). */
  readonly process: string;
  /** The machine's state. */
  readonly state: string;
}

/**
 * Gives a process that is to run in a machine the capabilities that the machine has, where these hold over its own user
 * namespace alone, and takes those which the host lacks and what is for the runtime in its environment, as `create` did.
 */
export function runtimeExec({ process, state }: RuntimeExec): void {
  const isolated = readIsolated(state);
  const isIn = isolated !== undefined && isMapped(isolated);
  if (isIn) refreshRoot(isolated);
  const config = parseConfig(readFileSync(process, "utf8")) as OciProcess;
  if (config.capabilities === undefined) return;
  const { lacking, granted } = readCapabilities(state);
  // A state may be what another start has left.
  const capabilities = dropCapabilities(widenCapabilities(config.capabilities, isIn ? granted : []), lacking);
  const env = config.env?.filter((entry) => !isForRuntime(entry) && entry !== "container_uuid=");
  writeFileSync(process, renderConfig({ ...config, ...(env && { env }), capabilities }));
}

/**
 * A machine in a user namespace has its files by a mount of its own beside the engine's, and either remembers names that the
 * other has changed since: what `docker cp` has brought must be there for a command that is run after it.
 */
function refreshRoot(machine: { readonly pid: number; readonly root: string }): void {
  try {
    // An engine that was started anew may have its mounts out of our sight.
    for (const root of [machine.root, `/proc/${machine.pid}/root`]) if (existsSync(root)) forgetNames(root);
  } catch (error) {
    // The machine has ended, perhaps this very moment: the runtime itself says so.
    if (!hasErrno(error, ["ENOENT", "ESRCH"])) throw error;
  }
}

/** Whether the process is there and still the machine's: one of the machine's ids is its root's. */
function isMapped({ pid, base }: { readonly pid: number; readonly base: number }): boolean {
  try {
    return Number(readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/)[1]) === base;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ESRCH"])) return false;
    throw error;
  }
}
