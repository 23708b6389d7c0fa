import { join } from "node:path";
import type { Contract } from "#contract/contract.ts";
import { renderLogin } from "#contract/tmpfs.ts";
import { withReadableFiles } from "#host/selinux/contexts.ts";
import type { OciHook } from "#oci/config.ts";
import { hasBundleReaders } from "#oci/isolation/bundle-readers.ts";
import type { Isolation } from "#oci/isolation/config.ts";
import type { IsolationPlan } from "#oci/isolation/plan.ts";
import { settleHook } from "#oci/isolation/settle-hook.ts";
import { renderConfig } from "#oci/json.ts";
import { hostDirectory, stateFile } from "#oci/machine-state.ts";
import { patchConfig } from "#oci/patch/config.ts";
import type { HostPaths } from "#oci/patch/config-patch.ts";
import { readsMappings } from "#oci/real-runtime.ts";
import type { BuiltStage } from "./build-stage.ts";
import { openBundle, writeBundleConfig } from "./bundle-config.ts";
import type { MachineStart } from "./machine-start.ts";
import type { MachinePlan } from "./plan-machine.ts";
import { writeLogin, writeMasks } from "./shared-directory.ts";
import { stageOf } from "./state.ts";

/** Writes the config.json of a machine whose state is written and whose stage, if it has one, is built. */
export function patchBundle(start: MachineStart, plan: MachinePlan, stage: BuiltStage | undefined): void {
  const { call, container } = start;
  const { contract, mounts, isolation } = plan;
  const config = patchConfig(container.config, {
    contract,
    mounts,
    hostPaths: withReadableFiles(() => makeHostPaths(start, contract)),
    isolation: isolation && stage && isolationOf(start, contract, isolation, stage),
    poststop: call.alone ? clearHook(call.launcher, call.state) : undefined,
  });
  writeBundleConfig(call.bundle, container.text, renderConfig(config));
  if (stage && hasBundleReaders(container.config)) openBundle(call.bundle, stage.ids.base);
}

function makeHostPaths(
  { call: { id, state, home }, observed: { host } }: MachineStart,
  needs: Contract,
): HostPaths {
  return {
    id,
    named: host.cgroup.named,
    unified: host.cgroup.unified,
    maskedUnits: writeMasks(home, needs.masks.units),
    maskedGenerators: writeMasks(home, needs.masks.generators),
    login: writeLogin(home, renderLogin(needs)),
    runHost: join(state, hostDirectory),
    machineId: needs.machineId === undefined ? undefined : join(state, stateFile.machineId),
  };
}

function isolationOf(
  { call, container, observed }: MachineStart,
  contract: Contract,
  { sysfs, mountProgram }: IsolationPlan,
  { ids }: BuiltStage,
): Isolation {
  const stage = stageOf(call.state);
  const settle = settleHook(call.launcher, container.config, {
    stage,
    base: ids.base,
    cgroup: observed.host.cgroup,
    view: contract.cgroup,
  });
  return { ids, stage, sysfs, settle, readsMappings: readsMappings(observed.runtime), mountProgram };
}

/** Cleans up at the container's end like `delete`, which a container run in the foreground never gets. */
function clearHook(launcher: string, state: string): OciHook {
  return { path: launcher, args: [launcher, "clear", state] };
}
