import type { ContainerSummary } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectImage } from "#engine/images.ts";
import { hasCode } from "#errors.ts";
import { type Labels, label } from "#labels/machine.ts";
import {
  type ImageLabels,
  madeByBerth,
  type NameLabel,
  namedBy,
  namedOtherwise,
} from "#plan/machine/own-containers.ts";

/**
 * Those of the containers that berth itself made under the name that this label holds, without labels that
 * decide something and are their images'. Engines hand these down to all that is made of an image, and
 * `docker commit` writes a container's into its image.
 */
export async function ownContainers(
  engine: Engine,
  containers: readonly ContainerSummary[],
  key: NameLabel,
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const named = namedBy(containers, key);
  return madeByBerth(named, key, await labelsOfImages(engine, named, signal));
}

/** Those of the containers that berth made as machines of these names, and that docker has renamed since. */
export async function renamedContainers(
  engine: Engine,
  containers: readonly ContainerSummary[],
  names: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const renamed = namedOtherwise(containers, names);
  return madeByBerth(renamed, label.machine, await labelsOfImages(engine, renamed, signal));
}

/** The labels of the containers' images by image id, one request each. Undefined for a removed image. */
export async function labelsOfImages(
  engine: Engine,
  containers: readonly Pick<ContainerSummary, "ImageID">[],
  signal?: AbortSignal,
): Promise<ImageLabels> {
  const images = [...new Set(containers.map(({ ImageID }) => ImageID))];
  return new Map(
    await Promise.all(images.map(async (id) => [id, await labelsOfImage(engine, id, signal)] as const)),
  );
}

/** Undefined for an image removed by force while in use. */
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
