import { createHash } from "node:crypto";
import { homedir } from "node:os";
import type { Engine } from "#engine/connection/engine.ts";
import { listImages } from "#engine/images.ts";
import { readVersion } from "#engine/system.ts";
import { BerthError } from "#errors.ts";
import { sha256 } from "#host/files/sha256.ts";
import { findCurrent, findImage, type Place, type ResolvedImage, storeTarball } from "#image/store/store.ts";
import { hashTarball, withTarball } from "#image/tarball/tarball.ts";
import type { ImageSpec, ScratchImage } from "#machinefile/machine.ts";
import { resolvePath } from "#machinefile/value/path.ts";
import { debianArchitecture, planBuild } from "#plan/image/build-plan.ts";
import { builtinImages } from "#plan/image/builtin.ts";
import { cacheDirectory } from "#plan/image/cache.ts";
import { planSources } from "#plan/image/mirror.ts";
import { classifyReference } from "#plan/image/reference.ts";
import { findSuggestions } from "#plan/image/suggestions.ts";
import { readHostMirror } from "./host-mirror.ts";
import { buildRoot } from "./mmdebstrap.ts";

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
  const architecture = debianArchitecture(process.arch);
  const mirror =
    options.mirror ?? (env.BERTH_MIRROR || undefined) ?? spec.mirror ?? (await readHostMirror(spec.os));
  const plan = planBuild(name, spec, planSources(spec, mirror), architecture, sha256);
  const current = await findCurrent(engine, plan, signal);
  if (current !== undefined && !rebuild) return current;
  const { Arch } = await readVersion(engine, { signal });
  if (Arch !== architecture) {
    throw new BerthError(
      "host-unfit",
      `cannot build a root for the engine's architecture ${Arch}: this host builds ${architecture} only`,
      {
        hint: "Run berth on a machine of the engine's architecture, or give a root's tarball.",
        details: { engine: Arch, here: architecture },
      },
    );
  }
  const report = (step: string) => options.onProgress?.(name, step);
  const cache = cacheDirectory(env, process.getuid?.() ?? -1, env.HOME || homedir());
  const path = await buildRoot(plan, { cache, rebuild, onProgress: report, signal });
  report("importing into the engine");
  return await withTarball(path, (tarball) => storeTarball(engine, tarball, plan, signal));
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
