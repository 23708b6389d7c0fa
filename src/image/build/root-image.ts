import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { loadImages, removeImage } from "#engine/images.ts";
import { hasCode } from "#errors.ts";
import { packImage } from "#image/store/image-archive.ts";
import { packTree, type TreeNode } from "#image/store/tree.ts";
import { ociArchitecture } from "#linux/architecture.ts";
import { isRootReference, type RootEntry, renderRootConfig, rootReference } from "#plan/image/root-image.ts";

/** An image of a few empty directories and files and links. Equal entries make the same image. */
export interface RootImage {
  readonly reference: string;
  /** Puts it into the engine. */
  load(engine: Engine, signal: AbortSignal): Promise<void>;
}

/** The image for those entries, named after its content. */
export async function makeRootImage(entries: readonly RootEntry[]): Promise<RootImage> {
  const layer = Buffer.concat(
    await packTree(new Map(entries.map((entry) => [`/${entry.name}`, nodeOf(entry)]))).toArray(),
  );
  const diffId = createHash("sha256").update(layer).digest("hex");
  const reference = rootReference(diffId);
  const content = { size: layer.length, sha256: diffId, diffId, source: reference };
  const config = renderRootConfig(ociArchitecture(process.arch), diffId);
  return {
    reference,
    async load(engine, signal) {
      await loadImages(engine, packImage(reference, config, { ...content, stream: Readable.from([layer]) }), {
        signal,
      });
    },
  };
}

/** Removes such an image if no machine uses it; keeps any other. */
export async function removeRootImage(engine: Engine, reference: string, signal: AbortSignal): Promise<void> {
  if (!isRootReference(reference)) return;
  try {
    await removeImage(engine, reference, { signal });
  } catch (error) {
    if (!hasCode(error, "conflict") && !hasCode(error, "not-found")) throw error;
  }
}

function nodeOf(entry: RootEntry): TreeNode {
  if (entry.kind === "link") return { kind: "link", target: entry.target };
  return entry.kind === "directory"
    ? { kind: "directory", mode: 0o755 }
    : { kind: "file", mode: 0o644, content: new Uint8Array() };
}
