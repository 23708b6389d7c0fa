import type { ContainerInspect } from "#api/container.ts";
import { type InitKind, isInitKind } from "#contract/init.ts";
import { label } from "#labels/machine.ts";

/**
 * The init of a machine, by its labels. Undefined if an earlier berth did not write all of them: they may be
 * the image's.
 */
export function labelledInit({
  Config,
  HostConfig,
}: Pick<ContainerInspect, "Config" | "HostConfig">): InitKind | undefined {
  const { Labels } = Config;
  // A loader's machine, whose labels do not describe an image's init.
  const isLoaders = HostConfig.NetworkMode?.startsWith("container:") ?? false;
  const isTold = Boolean(Labels?.[isLoaders ? label.root : label.creation]);
  const known = isTold ? Labels?.[label.init] : undefined;
  return isInitKind(known) ? known : undefined;
}
