import type { ContainerInspect } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer } from "#engine/containers.ts";
import { hasCode } from "#errors.ts";
import { labelsOfImage } from "#ops/machine/own-containers.ts";
import { isPart, type LoaderPart, loaderPart } from "#plan/loader/part.ts";

/** A container by its name or id; undefined if it does not exist. */
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

/** The same, if it is this part of the loader. */
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

/** Ignores `not-found` and `conflict`: another process may have removed the container, or be removing it. */
export async function ignoreRemoved(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, "not-found") && !hasCode(error, "conflict")) throw error;
  }
}
