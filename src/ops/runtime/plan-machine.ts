import { join } from "node:path";
import { type Contract, contract } from "#contract/contract.ts";
import { planCopyUp } from "#contract/copy-up.ts";
import type { Host } from "#contract/host.ts";
import type { LayersUnmapped } from "#contract/obstacle.ts";
import { readContents } from "#host/files/contents.ts";
import { parseCgroupsPath } from "#linux/cgroup-path.ts";
import type { OciConfig, OciMount } from "#oci/config.ts";
import { planEngineFiles } from "#oci/engine-files.ts";
import { type IsolationPlan, planIsolation } from "#oci/isolation/plan.ts";
import { stateFile } from "#oci/machine-state.ts";
import { entersSubcgroups } from "#oci/real-runtime.ts";
import type { MachineStart } from "./machine-start.ts";

/** All that a container gets to boot as a machine. */
export interface MachinePlan {
  readonly contract: Contract;
  /** The container's mounts that it keeps. */
  readonly mounts: readonly OciMount[];
  /** Undefined for a machine without a user namespace of its own. */
  readonly isolation: IsolationPlan | undefined;
  /** Where it may set limits for some of itself, unless its hook finds that out. */
  readonly limitedCgroup: string | undefined;
  /** The cgroup that its systemd makes for itself; undefined where commands need not wait for it. */
  readonly scope: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * Decides everything for a machine; reads only the container's files. `refusal` is an obstacle that the host
 * reported for an earlier plan. Throws what `contract` throws.
 */
export function planMachine(
  {
    call: { id, state, alone = false },
    container,
    observed: { host, request, overlay, runtime },
  }: MachineStart,
  refusal?: LayersUnmapped,
): MachinePlan {
  const { config, rootPath, files, guest, hostname } = container;
  const needs = contract(guest, host, { ...request, refusal });
  const taken = new Set(config.mounts?.map(({ destination }) => destination));
  const copyUp = planCopyUp(needs.tmpfs, (path, most) =>
    taken.has(path) ? nothing : readContents(rootPath, path, { most, ids: needs.ids }),
  );
  const engineFiles = planEngineFiles(config, {
    id,
    isolated: needs.ids !== undefined,
    hostname,
    hostnameFile: join(state, stateFile.hostname),
    files,
  });
  const { ids } = needs;
  const ownCgroup = ownCgroup2(config, host, needs);
  const isolation =
    ids === undefined || overlay === undefined
      ? undefined
      : planIsolation(config, {
          contract: { ...needs, ids },
          overlay,
          host,
          mounts: engineFiles.mounts,
          files,
          writesHostname: engineFiles.writesHostname,
          alone,
        });
  return {
    contract: { ...needs, tmpfs: copyUp.tmpfs },
    mounts: engineFiles.mounts,
    isolation,
    // For one in a user namespace its hook finds that out.
    limitedCgroup: ids === undefined ? ownCgroup : undefined,
    scope:
      ownCgroup !== undefined && guest.init.kind === "systemd" && entersSubcgroups(runtime)
        ? join(ownCgroup, "init.scope")
        : undefined,
    warnings: [...needs.warnings, ...copyUp.warnings, ...engineFiles.warnings],
  };
}

const nothing = { bytes: 0, inodes: 0, odd: undefined, closed: undefined, deep: undefined };

/**
 * The cgroup that the engine gives a machine, with the controllers in it: only on cgroup2 may it set limits
 * there.
 */
function ownCgroup2(
  config: OciConfig,
  { cgroup: { unified } }: Host,
  { cgroup }: Contract,
): string | undefined {
  const path = parseCgroupsPath(config.linux?.cgroupsPath);
  return cgroup !== "cgroup2" || unified === undefined || path === undefined
    ? undefined
    : join(unified, path);
}
