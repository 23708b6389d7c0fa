import type { ImageSummary } from "#api/image.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listImages } from "#engine/images.ts";
import { label } from "#labels/machine.ts";
import { builderNames } from "#plan/image/builder-image.ts";
import { builtinImages } from "#plan/image/builtin.ts";
import { isAsMade } from "./as-made.ts";
import { inspectIfThere } from "./store.ts";

/** A line of `berth images`. */
export interface MachineImage {
  /** What people call it. */
  readonly name: string;
  readonly builtin: boolean;
  /** Undefined until it is built. */
  readonly stored: StoredImage | undefined;
  /** Of an image that builds others, and is not for machines: what it was made of. */
  readonly base?: string;
}

export interface StoredImage {
  readonly id: string;
  readonly reference: string;
  /** Bytes. */
  readonly size: number;
  /** Unix time, seconds. */
  readonly created: number;
  readonly os: string | undefined;
  readonly init: string | undefined;
}

/**
 * The built-in images, built or not, and those that berth made of roots; then those that build roots. Lists
 * only images with berth's name and content, since images made of them inherit the labels. Sorted by name,
 * newest first.
 */
export async function listMachineImages(
  engine: Engine,
  signal?: AbortSignal,
): Promise<readonly MachineImage[]> {
  const [labelled, builders] = await Promise.all(
    [label.image, label.builder].map((key) => listImages(engine, { filters: { label: [key] }, signal })),
  );
  const made = (labelled ?? []).map(async (image) => {
    const found =
      referenceOf(image) === undefined ? undefined : await inspectIfThere(engine, image.Id, signal);
    return found !== undefined && isAsMade(found) ? [image] : [];
  });
  return [...arrangeImages((await Promise.all(made)).flat()), ...arrangeBuilders(builders ?? [])];
}

/** The images that build roots, among those that the engine listed. */
export function arrangeBuilders(summaries: readonly ImageSummary[]): readonly MachineImage[] {
  return summaries.flatMap((summary) => {
    const { Id, Size, Created, Labels, RepoTags } = summary;
    return builderNames(Labels, RepoTags).map((reference) => ({
      name: "berth-builder",
      builtin: false,
      stored: { id: Id, reference, size: Size, created: Created, os: undefined, init: undefined },
      base: Labels?.[label.builder] ?? "",
    }));
  });
}

/** `listMachineImages` for what the engine listed and berth made. */
export function arrangeImages(summaries: readonly ImageSummary[]): readonly MachineImage[] {
  const stored = summaries.flatMap((summary) => describe(summary) ?? []);
  const missing = [...builtinImages.keys()].filter(
    (name) => !stored.some((image) => image.builtin && image.name === name),
  );
  return [...stored, ...missing.map((name) => ({ name, builtin: true, stored: undefined }))].toSorted(
    (a, b) =>
      (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || (b.stored?.created ?? 0) - (a.stored?.created ?? 0),
  );
}

function describe(summary: ImageSummary): MachineImage | undefined {
  const { Id, Size, Created, Labels } = summary;
  const name = nameOf(summary);
  const reference = referenceOf(summary);
  if (reference === undefined) return undefined;
  return {
    name,
    builtin: builtinImages.has(name) && reference === builtinReference(name),
    stored: {
      id: Id,
      reference,
      size: Size,
      created: Created,
      os: Labels?.[label.os],
      init: Labels?.[label.init],
    },
  };
}

/** The name that berth gave it, a built-in one's own first; it may have others that people gave it. */
function referenceOf(summary: ImageSummary): string | undefined {
  const name = nameOf(summary);
  const given = (summary.RepoTags ?? []).filter((tag) => tag.startsWith(`berth/${name}:`));
  return given.find((tag) => tag === builtinReference(name)) ?? given[0];
}

const nameOf = ({ Labels }: ImageSummary) => Labels?.[label.image] ?? "";
const builtinReference = (name: string) => `berth/${name}:latest`;
