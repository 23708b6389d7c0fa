import { readFileSync, writeFileSync } from "node:fs";
import type { OciProcess } from "../oci/config.ts";
import { parseConfig, renderConfig } from "../oci/json.ts";
import { dropCapabilities, widenCapabilities } from "../oci/patch.ts";
import { readCapabilities } from "./runtime-state.ts";

export interface RuntimeExec {
  /** The file with the process that the engine hands to `exec --process` (OCI runtime-spec, config.md, process). */
  readonly process: string;
  /** The machine's state. */
  readonly state: string;
}

/** Gives a process that is to run in a machine the capabilities that the machine has, and takes those which the host lacks, as `create` did. */
export function runtimeExec({ process, state }: RuntimeExec): void {
  const config = parseConfig(readFileSync(process, "utf8")) as OciProcess;
  if (config.capabilities === undefined) return;
  const { lacking, granted } = readCapabilities(state);
  const capabilities = dropCapabilities(widenCapabilities(config.capabilities, granted), lacking);
  writeFileSync(process, renderConfig({ ...config, capabilities }));
}
