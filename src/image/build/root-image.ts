import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { loadImages, removeImage } from "#engine/images.ts";
import { hasCode } from "#errors.ts";
import { packImage } from "#image/store/image-archive.ts";
import { packTree, type TreeNode } from "#image/store/tree.ts";
import { label } from "#labels/machine.ts";
import { ociArchitecture } from "#linux/architecture.ts";

/** A name at the top of an image that holds nothing else. */
export type RootEntry =
  | { readonly name: string; readonly kind: "directory" | "file" }
  | { readonly name: string; readonly kind: "link"; readonly target: string };

/**
 * An image whose only content are some empty directories and files and some links. Equal entries make the
 * same image.
 */
export interface RootImage {
  readonly reference: string;
  /** Puts it into the engine. */
  load(engine: Engine, signal: AbortSignal): Promise<void>;
}

const repository = "berth-root";

/** The image for those entries, named after its content. */
export async function makeRootImage(entries: readonly RootEntry[]): Promise<RootImage> {
  const layer = Buffer.concat(
    await packTree(new Map(entries.map((entry) => [`/${entry.name}`, nodeOf(entry)]))).toArray(),
  );
  const diffId = createHash("sha256").update(layer).digest("hex");
  const layers = [`sha256:${diffId}`];
  const reference = rootReference(diffId);
  const content = { size: layer.length, sha256: diffId, diffId, source: reference };
  const config = {
    architecture: ociArchitecture(process.arch),
    os: "linux",
    created: new Date(0).toISOString(),
    config: { Labels: { [label.rootImage]: "" } },
    rootfs: { type: "layers", diff_ids: layers },
    history: [{ created: new Date(0).toISOString(), created_by: "berth" }],
  };
  return {
    reference,
    async load(engine, signal) {
      await loadImages(engine, packImage(reference, config, { ...content, stream: Readable.from([layer]) }), {
        signal,
      });
    },
  };
}

/** What such an image is called: after its one layer, whose SHA-256 this is. */
export function rootReference(diffId: string): string {
  return `${repository}:${diffId.slice(0, 16)}`;
}

/** Removes such an image where no machine uses it any more; any other stays. */
export async function removeRootImage(engine: Engine, reference: string, signal: AbortSignal): Promise<void> {
  if (!reference.startsWith(`${repository}:`)) return;
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
