import { createContainer } from "../../engine/containers.ts";
import type { Engine } from "../../engine/engine.ts";
import { BerthError, hasCode } from "../../errors.ts";
import { makeRootImage } from "../../image/root-image.ts";
import { poll } from "../../ops/poll.ts";
import { imageEntries, type LoadedMachine, renderLoadedMachine } from "../../plan/loader/machine.ts";

/** The name of a machine of the same loader that its guard still removes is taken for so long at most. */
const nameLimitMs = 30_000;

export interface CreatedLoaded {
  readonly id: string;
  /** What the engine warns of. */
  readonly warnings: readonly string[];
}

/** Creates a service's machine, ready to be started, from an image made for its folder. Throws what the engine refuses. */
export async function createLoaded(engine: Engine, machine: Omit<LoadedMachine, "image">, signal: AbortSignal): Promise<CreatedLoaded> {
  const { spec, root, name } = machine;
  const made = root === undefined ? undefined : await makeRootImage(imageEntries(root));
  const reference = made?.reference ?? spec.image;
  if (reference === undefined) throw new BerthError("internal", "there is neither a folder nor an image");
  const body = renderLoadedMachine({ ...machine, image: reference });
  const { platform } = spec.flags;
  const create = () => createContainer(engine, body, { name, ...(platform !== undefined && { platform }), signal });
  const attempt = async () => {
    try {
      return await create();
    } catch (error) {
      if (hasCode(error, "conflict")) return undefined;
      // The image is removed with the last machine that has it, which may have been a moment ago.
      if (made === undefined || !hasCode(error, "not-found")) throw explain(error, spec.image);
      await made.load(engine, signal);
      return undefined;
    }
  };
  const created = await poll(nameLimitMs, attempt, signal);
  if (created === undefined) throw new BerthError("conflict", `there is a container ${name} already`, { hint: `docker rm -f ${name}` });
  return { id: created.Id, warnings: created.Warnings ?? [] };
}

function explain(error: unknown, image: string | undefined): unknown {
  if (image === undefined || !hasCode(error, "not-found")) return error;
  return new BerthError("not-found", error.message, { hint: `the image must be on the node: docker pull ${image}`, cause: error });
}
