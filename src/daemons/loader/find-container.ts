import type { ContainerInspect } from "../../engine/container-types.ts";
import { inspectContainer } from "../../engine/containers.ts";
import type { Engine } from "../../engine/engine.ts";
import { hasCode } from "../../errors.ts";

/** A container by its name or id; undefined when there is none. */
export async function findContainer(engine: Engine, id: string, signal: AbortSignal): Promise<ContainerInspect | undefined> {
  try {
    return await inspectContainer(engine, id, { signal });
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

/** Work on a container that somebody else may have been faster with: then it is gone, or on its way. */
export async function orGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, "not-found") && !hasCode(error, "conflict")) throw error;
  }
}
