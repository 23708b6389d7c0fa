import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Contract } from "#contract/contract.ts";
import { renderLogin } from "#contract/tmpfs.ts";
import { stageOwnFiles } from "#host/namespace/stage/own-files.ts";
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
import { writeBundleConfig } from "./bundle-config.ts";
import type { MachineStart } from "./machine-start.ts";
import { openBundle } from "./opened-bundle.ts";
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
    hostPaths: withReadableFiles(() => makeHostPaths(start, contract, stage)),
    isolation: isolation && stage && isolationOf(start, contract, isolation, stage),
    poststop: call.alone ? clearHook(call.launcher, call.state) : undefined,
  });
  writeBundleConfig(call.bundle, container.text, renderConfig(config));
  if (stage && hasBundleReaders(container.config)) openBundle(call.bundle, call.state, stage.ids.base);
}

function makeHostPaths(
  { call: { id, state, home }, observed: { host } }: MachineStart,
  needs: Contract,
  stage: BuiltStage | undefined,
): HostPaths {
  const made =
    stage === undefined
      ? {
          ...writeShared(home, needs),
          runHost: join(state, hostDirectory),
          machineId: machineIdOf(state, needs),
        }
      : stageOwnFiles(stageOf(state), stage.ids.base, (directory) => copyOwn(state, directory, needs));
  return { id, named: host.cgroup.named, unified: host.cgroup.unified, ...made };
}

function writeShared(directory: string, needs: Contract) {
  return {
    maskedUnits: writeMasks(directory, needs.masks.units),
    maskedGenerators: writeMasks(directory, needs.masks.generators),
    login: writeLogin(directory, renderLogin(needs)),
  };
}

const machineIdOf = (directory: string, { machineId }: Contract) =>
  machineId === undefined ? undefined : join(directory, stateFile.machineId);

/** What `writeState` has written for the machine, and what others share. */
function copyOwn(state: string, directory: string, needs: Contract) {
  const runHost = join(directory, hostDirectory);
  mkdirSync(runHost, { mode: 0o755 });
  for (const name of readdirSync(join(state, hostDirectory)))
    copyFileSync(join(state, hostDirectory, name), join(runHost, name));
  const machineId = machineIdOf(directory, needs);
  if (machineId !== undefined) copyFileSync(join(state, stateFile.machineId), machineId);
  return { ...writeShared(directory, needs), runHost, machineId };
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
