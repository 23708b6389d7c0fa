import { readFileSync, writeFileSync } from "node:fs";
import { machineProfile } from "#contract/apparmor-profile.ts";
import { ensureProfile } from "#host/apparmor/machine-profile.ts";
import type { OciProcess } from "#oci/config.ts";
import { isForRuntime } from "#oci/image-request.ts";
import { parseConfig, renderConfig } from "#oci/json.ts";
import { dropCapabilities, widenCapabilities } from "#oci/patch/capabilities.ts";
import { type Labels, patchLabels } from "#oci/patch/labels.ts";
import { keepMirror } from "./mirror.ts";
import { isIsolated, readCapabilities, readIsolated, readLabels } from "./state.ts";

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
 * Gives a process for a machine the machine's capabilities, if these hold only in its own user namespace, and
 * the labels of the machine's first process. Removes the capabilities that the host lacks, and the runtime's
 * own variables from the environment, like `create`. Returns the warnings for the runtime's log.
 */
export async function runtimeExec({ process, state, launcher }: RuntimeExec): Promise<readonly string[]> {
  const isolated = readIsolated(state);
  const isIn = isolated !== undefined && isIsolated(isolated);
  if (isIn) await keepMirror(state, isolated, { launcher });
  const config = parseConfig(readFileSync(process, "utf8")) as OciProcess;
  // A state may be what another start has left.
  const { labels, warnings } = isIn || isolated === undefined ? findLabels(state) : unlabelled;
  const { capabilities } = config;
  if (capabilities === undefined && Object.keys(labels).length === 0) return warnings;
  const { lacking, granted } = readCapabilities(state);
  const env = config.env?.filter((entry) => !isForRuntime(entry) && entry !== "container_uuid=");
  const changed = {
    ...config,
    ...labels,
    ...(env && { env }),
    ...(capabilities && {
      capabilities: dropCapabilities(widenCapabilities(capabilities, isIn ? granted : []), lacking),
    }),
  };
  writeFileSync(process, renderConfig(changed));
  return warnings;
}

interface FoundLabels {
  readonly labels: Labels;
  readonly warnings: readonly string[];
}

const unlabelled: FoundLabels = { labels: {}, warnings: [] };

/**
 * The labels of a machine's first process, which the engine replaces by its own ones. Where berth's AppArmor
 * profile has been unloaded, the machine's processes have lost it: load it again, for what comes.
 */
function findLabels(state: string): FoundLabels {
  const labels = readLabels(state);
  const refusal = labels.apparmor === machineProfile ? ensureProfile() : undefined;
  if (refusal === undefined) return { labels: patchLabels(labels), warnings: [] };
  return {
    labels: patchLabels({ ...labels, apparmor: "unconfined" }),
    warnings: [
      `cannot load the AppArmor profile ${machineProfile}, the command runs without one: ${refusal}`,
    ],
  };
}
