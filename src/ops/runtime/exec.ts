import { readFileSync, writeFileSync } from "node:fs";
import type { OciProcess } from "#oci/config.ts";
import { isForRuntime } from "#oci/image-request.ts";
import { parseConfig, renderConfig } from "#oci/json.ts";
import { dropCapabilities, widenCapabilities } from "#oci/patch/capabilities.ts";
import { keepMirror } from "./mirror.ts";
import { isIsolated, readCapabilities, readIsolated } from "./state.ts";

export interface RuntimeExec {
  /**
   * The file with the process that the engine hands to `exec --process` (OCI runtime-spec, config.md,
   * process).
   */
  readonly process: string;
  /** The machine's state. */
  readonly state: string;
  /** The path of berth-runtime, for the server of mirrors. */
  readonly launcher: string;
}

/**
 * Gives a process for a machine the machine's capabilities, if these hold only in its own user namespace.
 * Removes those that the host lacks, and the runtime's own variables from the environment, like `create`.
 */
export async function runtimeExec({ process, state, launcher }: RuntimeExec): Promise<void> {
  const isolated = readIsolated(state);
  const isIn = isolated !== undefined && isIsolated(isolated);
  if (isIn) await keepMirror(state, isolated, { launcher });
  const config = parseConfig(readFileSync(process, "utf8")) as OciProcess;
  if (config.capabilities === undefined) return;
  const { lacking, granted } = readCapabilities(state);
  // A state may be what another start has left.
  const capabilities = dropCapabilities(widenCapabilities(config.capabilities, isIn ? granted : []), lacking);
  const env = config.env?.filter((entry) => !isForRuntime(entry) && entry !== "container_uuid=");
  writeFileSync(process, renderConfig({ ...config, ...(env && { env }), capabilities }));
}
