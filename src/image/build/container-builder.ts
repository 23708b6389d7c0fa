import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { getArchive, putArchive } from "#engine/archive.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { packTree, type TreeNode } from "#image/store/tree.ts";
import { readFirstFile } from "#image/tarball/first-file.ts";
import { TarError } from "#image/tarball/tar-error.ts";
import type { BuildPlan } from "#plan/image/build-plan.ts";
import { buildCommand, builtRoot } from "#plan/image/builder-image.ts";
import type { Builder } from "./build-root.ts";
import { runInBuilder, withBuilderContainer } from "./builder-container.ts";
import { type BuilderImageOptions, type ContainerChoice, ensureBuilderImage } from "./builder-image.ts";

/**
 * Builds by mmdebstrap in a container of the engine, from which it takes the tarball: nothing of this host is
 * in it but the keys that the sources name. Throws what `ensureBuilderImage` throws, and `tool-failed`.
 */
export function containerBuilder(
  engine: Engine,
  plan: BuildPlan,
  choice: ContainerChoice,
  options: BuilderImageOptions,
): Builder {
  const { signal } = options;
  return async (work) => {
    const image = await ensureBuilderImage(engine, choice, options);
    const file = join(work, "root.tar");
    await withBuilderContainer(engine, image, "build", signal, async (container) => {
      await putKeyrings(engine, container, plan.keyrings, signal);
      await runInBuilder(engine, container, buildCommand(plan.command(builtRoot)), options);
      await fetchRoot(engine, container, file, signal);
    });
    return file;
  };
}

/** Those that this host has: the builder's image has the distributions' own. */
async function putKeyrings(
  engine: Engine,
  container: string,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const tree = new Map<string, TreeNode>();
  for (const path of paths) {
    const content = await readKeyring(path);
    if (content !== undefined) tree.set(path, { kind: "file", mode: 0o644, content });
  }
  if (tree.size > 0) await putArchive(engine, container, "/", packTree(tree), { signal });
}

async function readKeyring(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR"])) return undefined;
    throw error;
  }
}

async function fetchRoot(
  engine: Engine,
  container: string,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { stat, stream } = await getArchive(engine, container, builtRoot, { signal });
  try {
    await pipeline(Readable.from(readFirstFile(stream, stat.size)), createWriteStream(file), { signal });
  } catch (cause) {
    if (!(cause instanceof TarError)) throw cause;
    throw new BerthError("engine-lost", `the engine's copy of the built root is damaged: ${cause.message}`, {
      cause,
      hint: "Run this again.",
    });
  } finally {
    stream.destroy();
  }
}
