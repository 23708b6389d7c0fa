import { readFileSync, writeFileSync } from "node:fs";
import type { OciProcess } from "../oci/config.ts";
import { parseConfig, renderConfig } from "../oci/json.ts";
import { dropCapabilities } from "../oci/patch.ts";
import { readLacking } from "./runtime-state.ts";

export interface RuntimeExec {
  /** The file with the process that the engine hands to `exec --process` (OCI runtime-spec, config.md, process). */
  readonly process: string;
  /** The machine's state. */
  readonly state: string;
}

/** Takes from a process that is to run in a machine the capabilities which the host lacks, as `create` did. */
export function runtimeExec({ process, state }: RuntimeExec): void {
  const config = parseConfig(readFileSync(process, "utf8")) as OciProcess;
  if (config.capabilities === undefined) return;
  writeFileSync(process, renderConfig({ ...config, capabilities: dropCapabilities(config.capabilities, readLacking(state)) }));
}
