import type { Engine } from "../engine/engine.ts";
import { type ImageSummary, listImages } from "../engine/images.ts";
import { builtinImages } from "./builtin.ts";

/** A line of `berth images`. */
export interface MachineImage {
  /** What people call it. */
  readonly name: string;
  readonly builtin: boolean;
  /** Undefined as long as it is not built. */
  readonly stored: StoredImage | undefined;
}

export interface StoredImage {
  readonly id: string;
  /** Undefined for one that lost its name to a newer one but is still used. */
  readonly reference: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Unix time, seconds. */
  readonly created: number;
  readonly os: string | undefined;
  readonly init: string | undefined;
}

/** The built-in images, built or not, and the others that berth made. Sorted by name, newest first among equals. */
export async function listMachineImages(engine: Engine, signal?: AbortSignal): Promise<readonly MachineImage[]> {
  return arrangeImages(await listImages(engine, { filters: { label: ["berth.image"] }, signal }));
}

/** `listMachineImages` for what the engine listed. */
export function arrangeImages(summaries: readonly ImageSummary[]): readonly MachineImage[] {
  const stored = summaries.map(describe);
  const missing = [...builtinImages.keys()].filter(
    (name) => !stored.some((image) => image.builtin && image.name === name && image.stored.reference),
  );
  return [...stored, ...missing.map((name) => ({ name, builtin: true, stored: undefined }))].toSorted(
    (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || (b.stored?.created ?? 0) - (a.stored?.created ?? 0),
  );
}

function describe({ Id, RepoTags, Size, Created, Labels }: ImageSummary): MachineImage & { readonly stored: StoredImage } {
  const name = Labels?.["berth.image"] ?? "";
  const tags = (RepoTags ?? []).filter((tag) => tag !== "<none>:<none>");
  // The built-in one's own name first: an image may have others that people gave it.
  const own = tags.find((tag) => tag === `berth/${name}:latest`);
  return {
    name,
    builtin: builtinImages.has(name) && (own !== undefined || tags.length === 0),
    stored: { id: Id, reference: own ?? tags[0], size: Size, created: Created, os: Labels?.["berth.os"], init: Labels?.["berth.init"] },
  };
}
