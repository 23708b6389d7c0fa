import type { ContainerInspect } from "#api/container.ts";
import { type InitKind, isInitKind } from "#contract/init.ts";
import { label } from "#labels/machine.ts";

/**
 * Which init a machine runs, by its labels. Undefined where berth did not write all of them: before it gave
 * machines a word of their own, they may be the image's.
 */
export function labelledInit({
  Config,
  HostConfig,
}: Pick<ContainerInspect, "Config" | "HostConfig">): InitKind | undefined {
  const { Labels } = Config;
  // A loader's, which says nothing of the init of an image.
  const isLoaders = HostConfig.NetworkMode?.startsWith("container:") ?? false;
  const isTold = Boolean(Labels?.[isLoaders ? label.root : label.creation]);
  const known = isTold ? Labels?.[label.init] : undefined;
  return isInitKind(known) ? known : undefined;
}
