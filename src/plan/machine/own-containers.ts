import type { ContainerSummary } from "#api/container.ts";
import { isMadeByBerth, type Labels, label, withoutHandedDown } from "#labels/machine.ts";

/** The label that holds the name under which berth made a container. */
export type NameLabel = (typeof label)["machine" | "probe" | "builder"];

/** Labels of images by the images' ids; undefined for one that is gone. */
export type ImageLabels = ReadonlyMap<string, Labels | undefined>;

/** Those of the containers that have the name which this label holds. */
export function namedBy(
  containers: readonly ContainerSummary[],
  key: NameLabel,
): readonly ContainerSummary[] {
  return containers.filter((container) => isNamedBy(container, key));
}

/** The containers with the label of a machine of these names, but another name. */
export function namedOtherwise(
  containers: readonly ContainerSummary[],
  names: ReadonlySet<string>,
): readonly ContainerSummary[] {
  return containers.filter(
    (container) => names.has(container.Labels[label.machine] ?? "") && !isNamedBy(container, label.machine),
  );
}

function isNamedBy({ Names, Labels }: ContainerSummary, key: NameLabel): boolean {
  return Names.includes(`/${Labels[key]}`);
}

/** The containers that berth created, without decisive labels that came from their images. */
export function madeByBerth(
  containers: readonly ContainerSummary[],
  key: NameLabel,
  images: ImageLabels,
): readonly ContainerSummary[] {
  return containers.flatMap((container) => {
    const { Labels, HostConfig, ImageID } = container;
    const image = images.get(ImageID);
    if (!isMadeByBerth(key, Labels, HostConfig.NetworkMode, image)) return [];
    return [
      image === undefined
        ? container
        : { ...container, Labels: withoutHandedDown(Labels, HostConfig.NetworkMode, image) },
    ];
  });
}
