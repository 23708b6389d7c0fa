import type { ContainerSummary } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectImage } from "#engine/images.ts";
import { hasCode } from "#errors.ts";
import { isMadeByBerth, type Labels, label, withoutHandedDown } from "#labels/machine.ts";

/**
 * Those of the containers that berth itself made under the name that this label holds, without labels that
 * decide something and are their images'. Engines hand these down to all that is made of an image, and
 * `docker commit` writes a container's into its image.
 */
export async function ownContainers(
  engine: Engine,
  containers: readonly ContainerSummary[],
  key: (typeof label)["machine" | "probe"],
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  return madeByBerth(
    engine,
    containers.filter((container) => isNamedBy(container, key)),
    key,
    signal,
  );
}

/** Those of the containers that berth made as machines of these names, and that docker has renamed since. */
export async function renamedContainers(
  engine: Engine,
  containers: readonly ContainerSummary[],
  names: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const renamed = containers.filter(
    (container) => names.has(container.Labels[label.machine] ?? "") && !isNamedBy(container, label.machine),
  );
  return madeByBerth(engine, renamed, label.machine, signal);
}

const isNamedBy = ({ Names, Labels }: ContainerSummary, key: string) => Names.includes(`/${Labels[key]}`);

async function madeByBerth(
  engine: Engine,
  containers: readonly ContainerSummary[],
  key: (typeof label)["machine" | "probe"],
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const handedDown = await labelsOfImages(engine, containers, signal);
  return containers.flatMap((container) => {
    const { Labels, HostConfig, ImageID } = container;
    const image = handedDown.get(ImageID);
    if (!isMadeByBerth(key, Labels, HostConfig.NetworkMode, image)) return [];
    return [
      image === undefined
        ? container
        : { ...container, Labels: withoutHandedDown(Labels, HostConfig.NetworkMode, image) },
    ];
  });
}

/**
 * The labels of the containers' images, by the images' ids: each is asked for once. Undefined for one that is
 * gone.
 */
export async function labelsOfImages(
  engine: Engine,
  containers: readonly Pick<ContainerSummary, "ImageID">[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Labels | undefined>> {
  const images = [...new Set(containers.map(({ ImageID }) => ImageID))];
  return new Map(
    await Promise.all(images.map(async (id) => [id, await labelsOfImage(engine, id, signal)] as const)),
  );
}

/** Undefined for an image that was removed by force, though something is made of it. */
export async function labelsOfImage(
  engine: Engine,
  id: string,
  signal?: AbortSignal,
): Promise<Labels | undefined> {
  try {
    return (await inspectImage(engine, id, { signal })).Config?.Labels ?? {};
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}
