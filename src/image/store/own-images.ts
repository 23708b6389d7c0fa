import type { ImageInspect, ImageSummary } from "#api/image.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listImages, removeImage } from "#engine/images.ts";
import { hasCode } from "#errors.ts";
import { imageLabel } from "#labels/loader/labels.ts";
import { label } from "#labels/machine.ts";
import { builderNames } from "#plan/image/builder-image.ts";
import { builtinImages } from "#plan/image/builtin.ts";
import { rootReference } from "#plan/image/root-image.ts";
import { isAsMade } from "./as-made.ts";
import { inspectIfThere } from "./store.ts";

/** A name that berth gave to an image that it can make again. */
export interface OwnImage {
  readonly reference: string;
  readonly id: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The images that berth has made and can make again: of recipes, the loader's, those that represent a folder,
 * those that build roots. Identified by name and content, since images made of them inherit the labels.
 * Excludes images of tarballs, which may be gone.
 */
export async function findOwnImages(engine: Engine, signal: AbortSignal): Promise<readonly OwnImage[]> {
  const lists = [label.image, imageLabel, label.rootImage, label.builder].map((key) =>
    listImages(engine, { filters: { label: [key] }, signal }),
  );
  const found = (await Promise.all(lists)).flat().map(async (summary) => {
    const image = await inspectIfThere(engine, summary.Id, signal);
    return image === undefined
      ? []
      : namesOf(summary, image).map((reference) => ({ reference, id: summary.Id, size: summary.Size }));
  });
  return (await Promise.all(found)).flat();
}

/** Those of an image's names that berth gave it; none where it is not as berth made it. */
export function namesOf(
  { Labels, RepoTags }: Pick<ImageSummary, "Labels" | "RepoTags">,
  image: ImageInspect,
): readonly string[] {
  const { [label.image]: name = "", [label.digest]: digest = "" } = Labels ?? {};
  const own = [
    ...(builtinImages.has(name) ? [`berth/${name}:latest`] : []),
    ...(digest === "" ? [] : [`berth/${name}:${digest.slice(0, 12)}`]),
    ...(Labels?.[imageLabel] === undefined
      ? []
      : [`berth-loader:${Labels[imageLabel]}`, "berth-loader:latest"]),
  ];
  const [layer = "", ...more] = image.RootFS.Layers ?? [];
  const root = more.length === 0 ? rootReference(layer.replace(/^sha256:/, "")) : undefined;
  const made = (RepoTags ?? []).filter((tag) => tag === root || (own.includes(tag) && isAsMade(image)));
  return [...made, ...builderNames(Labels, RepoTags)];
}

/**
 * Takes that name off the image; with the last one it goes. False where the name is another's now, or where
 * something is made of it.
 */
export async function removeOwnImage(
  engine: Engine,
  { reference, id }: Pick<OwnImage, "reference" | "id">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if ((await inspectIfThere(engine, reference, signal))?.Id !== id) return false;
  try {
    await removeImage(engine, reference, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, "conflict") || hasCode(error, "not-found")) return false;
    throw error;
  }
}
