import type { ContainerSummary } from "../engine/container-types.ts";
import type { Engine } from "../engine/engine.ts";
import { inspectImage } from "../engine/images.ts";
import { hasCode } from "../errors.ts";
import { isGivenToContainer, type Labels, type label } from "../plan/labels.ts";

/**
 * Those of the containers that berth itself made under the name that this label holds. Engines hand an image's labels down to
 * all that is made of it, and `docker commit` writes a container's into its image: so the images are asked, each once.
 */
export async function ownContainers(
  engine: Engine,
  containers: readonly ContainerSummary[],
  key: (typeof label)["machine" | "probe"],
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const named = containers.filter(({ Names, Labels }) => Names.includes(`/${Labels[key]}`));
  const images = [...new Set(named.map(({ ImageID }) => ImageID))];
  const handedDown = new Map(await Promise.all(images.map(async (id) => [id, await labelsOfImage(engine, id, signal)] as const)));
  return named.filter(({ Labels, HostConfig, ImageID }) => isGivenToContainer(Labels, HostConfig.NetworkMode, handedDown.get(ImageID)));
}

/** Undefined for an image that was removed by force, though something is made of it. */
async function labelsOfImage(engine: Engine, id: string, signal?: AbortSignal): Promise<Labels | undefined> {
  try {
    return (await inspectImage(engine, id, { signal })).Config?.Labels ?? {};
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}
