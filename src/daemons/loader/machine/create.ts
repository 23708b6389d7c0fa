import type { Engine } from "#engine/connection/engine.ts";
import { createContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { makeRootImage } from "#image/build/root-image.ts";
import { findImage } from "#image/store/store.ts";
import { withCreation } from "#ops/machine/creation.ts";
import { type FolderFacts, planRoot } from "#plan/loader/folder.ts";
import { imageEntries, type LoadedMachine, renderLoadedMachine } from "#plan/loader/machine.ts";
import { chooseApplier } from "./choose-applier.ts";
import { createLoading } from "./create-loading.ts";
import { createNamed } from "./create-named.ts";
import type { LoaderTask } from "./loader-task.ts";
import { readSwarmFiles } from "./swarm-files.ts";

export interface CreateOptions {
  readonly engine: Engine;
  readonly note: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Creates a service's machine, ready to be started, from what its guard sees of the folder. Throws `no-os`,
 * `host-unfit`, what the engine refuses.
 */
export async function createMachine(
  { self, spec, info, machine }: LoaderTask,
  facts: FolderFacts | undefined,
  { engine, note, warn, signal }: CreateOptions,
): Promise<string> {
  const taken = spec.volumes.map(({ target }) => target);
  const root =
    spec.root === undefined || facts === undefined
      ? undefined
      : planRoot(spec.root, spec.command, facts, taken);
  for (const text of root?.notes ?? []) note(text);
  const guest = facts === undefined || "missing" in facts.reading ? undefined : facts.reading.guest;
  const { applier, warnings } = chooseApplier({ self, spec, info, guest });
  for (const text of warnings) warn(text);
  const created = await createLoaded(
    engine,
    {
      spec,
      name: machine,
      loader: self.Id,
      service: self.Config.Labels?.["com.docker.swarm.service.name"],
      root,
      guest,
      identity: facts?.identity,
      applier,
      files: await readSwarmFiles(self),
    },
    signal,
  );
  for (const text of created.warnings) warn(text);
  return created.id;
}

interface CreatedLoaded {
  readonly id: string;
  /** What the engine warns of. */
  readonly warnings: readonly string[];
}

/** With an image made for the folder, unless the engine has it. */
async function createLoaded(
  engine: Engine,
  machine: Omit<LoadedMachine, "image" | "imageId">,
  signal: AbortSignal,
): Promise<CreatedLoaded> {
  const { spec, root, name } = machine;
  const made = root === undefined ? undefined : await makeRootImage(imageEntries(root));
  const reference = made?.reference ?? spec.image;
  if (reference === undefined) throw new BerthError("internal", "there is neither a folder nor an image");
  const imageId = made === undefined ? (await findImage(engine, reference, signal))?.id : undefined;
  const body = withCreation(renderLoadedMachine({ ...machine, image: reference, imageId }));
  const { platform } = spec.flags;
  const post = () =>
    createContainer(engine, body, { name, ...(platform !== undefined && { platform }), signal });
  const create = async () => {
    if (made !== undefined) return await createLoading(post, () => made.load(engine, signal));
    return await post().catch((error: unknown) => Promise.reject(explain(error, spec.image)));
  };
  const created = await createNamed(name, create, signal);
  return { id: created.Id, warnings: created.Warnings ?? [] };
}

function explain(error: unknown, image: string | undefined): unknown {
  if (image === undefined || !hasCode(error, "not-found")) return error;
  return new BerthError("not-found", error.message, {
    hint: `the image must be on the node: docker pull ${image}`,
    cause: error,
  });
}
