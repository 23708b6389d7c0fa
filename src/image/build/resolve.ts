import { createHash } from "node:crypto";
import { homedir } from "node:os";
import type { Engine } from "#engine/connection/engine.ts";
import { listImages } from "#engine/images.ts";
import { BerthError } from "#errors.ts";
import { findCurrent, findImage, type Place, type ResolvedImage, storeTarball } from "#image/store/store.ts";
import { hashTarball, withTarball } from "#image/tarball/tarball.ts";
import type { ImageSpec, ScratchImage } from "#machinefile/machine.ts";
import { resolvePath } from "#machinefile/value/path.ts";
import type { BuilderChoice } from "#plan/image/builder.ts";
import { builtinImages } from "#plan/image/builtin.ts";
import { classifyReference, type Meaning } from "#plan/image/reference.ts";
import { findSuggestions } from "#plan/image/suggestions.ts";
import { buildRoot } from "./build-root.ts";
import { callersCache } from "./callers-cache.ts";
import { planRoot, rootBuilder } from "./plan-root.ts";

export interface ResolveOptions {
  /** The images of the machine file: they come before everything else of that name. */
  readonly fleetImages?: Readonly<Record<string, ImageSpec>> | undefined;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The package archive to use, before BERTH_MIRROR and the recipe's own. */
  readonly mirror?: string | undefined;
  /** Build or import even what exists already. */
  readonly rebuild?: boolean | undefined;
  readonly onProgress?: ((reference: string, step: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that the engine has what each reference names, building or importing it if need be; each once,
 * in order. A reference is, in this order: a name among the machine file's images, the path of a root's
 * tarball, an image of the engine, a built-in name. Throws `not-found` with the nearest names, and what
 * building and importing throw.
 */
export async function resolveImages(
  engine: Engine,
  references: Iterable<string>,
  options: ResolveOptions,
): Promise<ReadonlyMap<string, ResolvedImage>> {
  const resolved = new Map<string, ResolvedImage>();
  for (const reference of new Set(references))
    resolved.set(reference, await resolveImage(engine, reference, options));
  return resolved;
}

/**
 * What of these `resolveImages` would build, each once, in order, and by what: nothing is built or pulled.
 */
export async function previewBuilds(
  engine: Engine,
  references: Iterable<string>,
  options: ResolveOptions,
): Promise<readonly PreviewedBuild[]> {
  const builds: PreviewedBuild[] = [];
  for (const reference of new Set(references)) {
    const meaning = classifyReference(reference, options.fleetImages ?? {});
    const spec = meaning.kind === "scratch" ? meaning.spec : await missingBuiltin(engine, meaning, options);
    if (spec === undefined) continue;
    const planned = await planRoot(engine, reference, spec, options);
    const current = await findCurrent(engine, planned.plan, options.signal);
    if (current === undefined || options.rebuild) builds.push({ image: reference, builder: planned.builder });
  }
  return builds;
}

export interface PreviewedBuild {
  /** As the machine names it. */
  readonly image: string;
  readonly builder: BuilderChoice;
}

/** The recipe of a built-in name that the engine has no image of. */
async function missingBuiltin(
  engine: Engine,
  meaning: Meaning,
  { signal }: ResolveOptions,
): Promise<ScratchImage | undefined> {
  if (meaning.kind !== "name") return undefined;
  const builtin = builtinImages.get(meaning.reference);
  if (builtin === undefined) return undefined;
  return (await findImage(engine, meaning.reference, signal)) === undefined ? builtin : undefined;
}

/** `resolveImages` for one. */
export async function resolveImage(
  engine: Engine,
  reference: string,
  options: ResolveOptions,
): Promise<ResolvedImage> {
  const meaning = classifyReference(reference, options.fleetImages ?? {});
  switch (meaning.kind) {
    case "scratch":
      return await resolveScratch(engine, meaning.name, meaning.spec, options);
    case "tarball":
      return await resolveTarball(engine, meaning.name, meaning.path, options);
    case "name": {
      const image = await findImage(engine, meaning.reference, options.signal);
      if (image !== undefined) return image;
      const builtin = builtinImages.get(meaning.reference);
      if (builtin !== undefined) return await resolveScratch(engine, meaning.reference, builtin, options);
      throw await unknownImage(engine, meaning.reference, options);
    }
  }
}

async function resolveScratch(
  engine: Engine,
  name: string,
  spec: ScratchImage,
  options: ResolveOptions,
): Promise<ResolvedImage> {
  const { env, signal, rebuild } = options;
  const planned = await planRoot(engine, name, spec, options);
  const current = await findCurrent(engine, planned.plan, signal);
  if (current !== undefined && !rebuild) return current;
  const onProgress = (step: string) => options.onProgress?.(name, step);
  const cache = callersCache(env);
  const builder = rootBuilder(engine, planned, { env, cache, signal, onProgress });
  const path = await buildRoot(planned.plan, builder, { cache, rebuild, signal });
  onProgress("importing into the engine");
  return await withTarball(path, (tarball) => storeTarball(engine, tarball, planned.plan, signal));
}

async function resolveTarball(
  engine: Engine,
  name: string,
  path: string,
  options: ResolveOptions,
): Promise<ResolvedImage> {
  const { env, cwd, signal, rebuild } = options;
  const file = resolvePath(path, { directory: cwd, home: env.HOME || homedir() });
  return await withTarball(file, async (tarball) => {
    // The tag depends on the path: new content of the same file replaces it, a file of the same name
    // elsewhere does not.
    const tag = createHash("sha256").update(file).digest("hex").slice(0, 12);
    const digest = await hashTarball(tarball, signal);
    const place: Place = { name, repository: `berth/${name}`, tag, digest };
    const current = await findCurrent(engine, place, signal);
    if (current !== undefined && !rebuild) return current;
    options.onProgress?.(name, "importing into the engine");
    return await storeTarball(engine, { ...tarball, sha256: digest }, place, signal);
  });
}

async function unknownImage(engine: Engine, reference: string, options: ResolveOptions): Promise<BerthError> {
  const tags = (await listImages(engine, { signal: options.signal })).flatMap(
    ({ RepoTags }) => RepoTags ?? [],
  );
  const names = [
    ...Object.keys(options.fleetImages ?? {}),
    ...builtinImages.keys(),
    ...tags.filter((tag) => tag !== "<none>:<none>"),
  ];
  const suggestions = findSuggestions(reference, names);
  return new BerthError(
    "not-found",
    `unknown image ${JSON.stringify(reference)}: not in the engine, not built in, not a tarball's path`,
    {
      hint:
        suggestions.length === 0
          ? `Pull or build it first, or use ${[...builtinImages.keys()].join(", ")}.`
          : `Did you mean ${suggestions.slice(0, 3).join(" or ")}?`,
      details: { reference, suggestions },
    },
  );
}
