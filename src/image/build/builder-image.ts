import type { Engine } from "#engine/connection/engine.ts";
import { commitContainer, pullImage } from "#engine/images.ts";
import { BerthError } from "#errors.ts";
import { sha256 } from "#host/files/sha256.ts";
import { readPackageManager } from "#host/process/package-manager.ts";
import { removeOwnImage } from "#image/store/own-images.ts";
import { inspectIfThere } from "#image/store/store.ts";
import { label } from "#labels/machine.ts";
import { type BuilderChoice, renderNoBuilderHint } from "#plan/image/builder.ts";
import { builderPlace, isBuilder, prepareCommand } from "#plan/image/builder-image.ts";
import { nextPullState, type PullState, renderPull } from "#plan/image/pull-progress.ts";
import { type ContainerOptions, runInBuilder, withBuilderContainer } from "./builder-container.ts";
import { isMadeBuilder, noteMadeBuilder } from "./made-builders.ts";

export interface BuilderImageOptions extends ContainerOptions {
  /** A Debian archive that mmdebstrap is installed from; the base's own by default. */
  readonly archive: string | undefined;
  /** The directory of `cacheDirectory`, which tells what builders are berth's own. */
  readonly cache: string;
}

export type ContainerChoice = Extract<BuilderChoice, { readonly where: "container" }>;

/**
 * The id of the engine's image that has mmdebstrap: made once of the base, and again of a newer one of that
 * name. The base is pulled when the engine does not have it. Throws `tool-missing` if it cannot be pulled,
 * `tool-failed` if apt fails in it.
 */
export async function ensureBuilderImage(
  engine: Engine,
  choice: ContainerChoice,
  options: BuilderImageOptions,
): Promise<string> {
  const { signal, onProgress, archive, cache } = options;
  const { base } = choice;
  const { repository, tag, reference } = builderPlace(base, sha256);
  const [made, found] = await Promise.all(
    [reference, base].map((name) => inspectIfThere(engine, name, signal)),
  );
  const own = made !== undefined && (await isMadeBuilder(cache, made.Id)) ? made : undefined;
  if (own !== undefined && isBuilder(own, base, found)) return own.Id;
  // The new one takes its name, and that of another's image, which stays.
  if (own !== undefined) await removeOwnImage(engine, { reference, id: own.Id }, signal);
  const from = found?.Id ?? (await pull(engine, choice, options));
  onProgress?.(`installing mmdebstrap in ${base}`);
  return await withBuilderContainer(engine, from, "install", signal, async (container) => {
    await runInBuilder(engine, container, prepareCommand(archive), { ...options, onProgress: undefined });
    const config = { Labels: { [label.builder]: base } };
    const id = await commitContainer(engine, container, { repo: repository, tag, config, signal });
    await noteMadeBuilder(cache, id);
    return id;
  });
}

/** The id of the base, pulled. */
async function pull(
  engine: Engine,
  { base, because }: ContainerChoice,
  { signal, onProgress }: BuilderImageOptions,
): Promise<string> {
  let state: PullState = new Map();
  onProgress?.(renderPull(base, state));
  try {
    await pullImage(engine, base, {
      signal,
      onMessage: (message) => {
        const next = nextPullState(state, message);
        if (next !== state) onProgress?.(renderPull(base, next));
        state = next;
      },
    });
  } catch (cause) {
    if (!(cause instanceof BerthError) || !failedPulls.includes(cause.code)) throw cause;
    throw cannotPull(base, because, cause);
  }
  const image = await inspectIfThere(engine, base, signal);
  if (image !== undefined) return image.Id;
  throw new BerthError("not-found", `another client removed image ${base} right after its pull`);
}

/** What the engine answers for a name that is wrong or unknown, and for a registry that it does not reach. */
const failedPulls: readonly string[] = ["not-found", "engine-refused", "engine-api", "conflict"];

const cannotPull = (base: string, because: string, cause: BerthError) =>
  new BerthError(
    "tool-missing",
    `cannot build images: ${because}, and the engine cannot pull ${base}: ${cause.message}`,
    { cause, hint: renderNoBuilderHint(readPackageManager()), details: { base } },
  );
