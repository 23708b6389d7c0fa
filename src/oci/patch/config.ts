import { parseCgroupsPath } from "#linux/cgroup-path.ts";
import type { OciConfig } from "#oci/config.ts";
import { isolateConfig } from "#oci/isolation/config.ts";
import { patchCapabilities } from "./capabilities.ts";
import type { ConfigPatch } from "./config-patch.ts";
import { patchEnvironment } from "./environment.ts";
import { patchLabels } from "./labels.ts";
import { patchLinux } from "./linux.ts";
import { patchMounts } from "./mounts.ts";

/**
 * Turns a container's config.json into a machine's; the original stays unchanged. The user's mounts take
 * precedence over the contract's, but a tmpfs gets a size limit.
 */
export function patchConfig(config: OciConfig, patch: ConfigPatch): OciConfig {
  const { contract, hostPaths, isolation, poststop } = patch;
  // One directory, since a runtime removes a container's own and none above it.
  const cgroupsPath = parseCgroupsPath(config.linux?.cgroupsPath) ?? `/berth-run-${hostPaths.id}`;
  const { process, hooks, linux, ...rest } =
    isolation === undefined ? config : isolateConfig(config, isolation);
  return {
    ...rest,
    process: {
      ...process,
      args: [...process.args, ...contract.arguments],
      env: patchEnvironment(process.env ?? [], contract),
      ...patchLabels(contract.labels),
      ...(process.capabilities
        ? { capabilities: patchCapabilities(process.capabilities, contract.capabilities) }
        : {}),
    },
    mounts: patchMounts(patch, cgroupsPath),
    ...(hooks || poststop
      ? { hooks: { ...hooks, ...(poststop ? { poststop: [...(hooks?.poststop ?? []), poststop] } : {}) } }
      : {}),
    linux: patchLinux(linux ?? {}, contract, cgroupsPath),
  };
}
