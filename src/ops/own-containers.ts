import type { ContainerSummary } from "../engine/container-types.ts";
import type { Engine } from "../engine/engine.ts";
import { inspectImage } from "../engine/images.ts";
import { hasCode } from "../errors.ts";
import { isGivenToContainer, type Labels, label } from "../plan/labels.ts";

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
  return givenTheirLabels(
    engine,
    containers.filter((container) => isNamedBy(container, key)),
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
  return givenTheirLabels(engine, renamed, signal);
}

const isNamedBy = ({ Names, Labels }: ContainerSummary, key: string) => Names.includes(`/${Labels[key]}`);

async function givenTheirLabels(
  engine: Engine,
  containers: readonly ContainerSummary[],
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const images = [...new Set(containers.map(({ ImageID }) => ImageID))];
  const handedDown = new Map(await Promise.all(images.map(async (id) => [id, await labelsOfImage(engine, id, signal)] as const)));
  return containers.filter(({ Labels, HostConfig, ImageID }) =>
    isGivenToContainer(Labels, HostConfig.NetworkMode, handedDown.get(ImageID)),
  );
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
