import type { ContainerInspect } from "#api/container.ts";
import type { SystemInfo } from "#engine/system.ts";
import type { LoaderSpec } from "#labels/loader/spec.ts";
import { hasRuntime, runtimeName } from "#ops/machine/application.ts";
import type { GuardTask } from "#plan/loader/guard.ts";
import { ownCgroupParent } from "#plan/machine/api-contract.ts";

/** What a loader is to run. */
export interface LoaderTask {
  readonly self: ContainerInspect;
  readonly spec: LoaderSpec;
  readonly info: SystemInfo;
  /** The machine's name. */
  readonly machine: string;
  readonly stopTimeout: number;
}

/** What names things of a loader's that must not meet another's. */
export const shortName = (self: ContainerInspect) => self.Id.slice(0, 12);

/** Whether berth-runtime gives the machine what its init needs. */
export function isByRuntime(spec: LoaderSpec, info: SystemInfo): boolean {
  const named = spec.flags.body.HostConfig?.Runtime;
  return hasRuntime(info) && (named === undefined || named === runtimeName);
}

/** What its guard is to do; `targets` are the addresses by which the host reaches the machine. */
export function guardTask(
  { self, spec, info, machine, stopTimeout }: LoaderTask,
  targets: GuardTask["targets"],
): GuardTask {
  const needsParent = !isByRuntime(spec, info) && info.CgroupDriver !== "systemd";
  return {
    loader: self.Id,
    machine,
    guard: `${self.Name.slice(1)}.guard`,
    engine: info.ID,
    ...(spec.root !== undefined && { folder: spec.root }),
    command: spec.command,
    publish: spec.publish,
    targets,
    stopTimeout,
    ...(needsParent && { cgroupParent: ownCgroupParent(shortName(self)) }),
  };
}
