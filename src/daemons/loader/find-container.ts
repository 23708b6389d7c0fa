import type { ContainerInspect } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer } from "#engine/containers.ts";
import { hasCode } from "#errors.ts";
import { labelsOfImage } from "#ops/machine/own-containers.ts";
import { isPart, type LoaderPart, loaderPart } from "#plan/loader/part.ts";

/** A container by its name or id; undefined when there is none. */
export async function findContainer(
  engine: Engine,
  id: string,
  signal?: AbortSignal,
): Promise<ContainerInspect | undefined> {
  try {
    return await inspectContainer(engine, id, { signal });
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

/** The same, by its name or id, if it is this part of a loader. */
export async function findPart(
  engine: Engine,
  id: string,
  { kind, loader }: LoaderPart,
  signal?: AbortSignal,
): Promise<ContainerInspect | undefined> {
  const found = await findContainer(engine, id, signal);
  if (found === undefined) return undefined;
  const { Name, Config, HostConfig, Image } = found;
  const labels = Config.Labels ?? {};
  const part = loaderPart({ name: Name.slice(1), labels, networkMode: HostConfig.NetworkMode });
  if (part?.kind !== kind || part.loader !== loader) return undefined;
  return isPart(part, labels, await labelsOfImage(engine, Image, signal)) ? found : undefined;
}

/**
 * Work on a container that somebody else may have been faster with, who has removed it (`not-found`) or
 * removes it now (`conflict`).
 */
export async function ignoreRemoved(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, "not-found") && !hasCode(error, "conflict")) throw error;
  }
}
