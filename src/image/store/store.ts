import type { Answered } from "#api/answered.ts";
import type { ContainerConfig } from "#api/container-config.ts";
import type { ImageInspect } from "#api/image.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectImage, removeImage } from "#engine/images.ts";
import { readVersion } from "#engine/system.ts";
import { BerthError, hasCode } from "#errors.ts";
import { importTarball, type Tarball } from "#image/tarball/tarball.ts";
import { label } from "#labels/machine.ts";
import { isAsMade } from "./as-made.ts";

/** An image that the engine has. */
export interface ResolvedImage {
  readonly id: string;
  /** What the engine calls it. */
  readonly reference: string;
  /**
   * berth's own; none where the image is not as berth made it, since labels are handed down to what is made
   * of it.
   */
  readonly labels: Readonly<Record<string, string>>;
  readonly config: Answered<ContainerConfig>;
}

/** Where an image of berth's is stored, and the digest that shows whether it is current. */
export interface Place {
  /** What people call it; the label `berth.image`. */
  readonly name: string;
  readonly repository: string;
  readonly tag: string;
  /** The label `berth.digest`. */
  readonly digest: string;
}

/**
 * The engine's image of that reference; undefined when it has none, also when no image could be called so.
 */
export async function findImage(
  engine: Engine,
  reference: string,
  signal?: AbortSignal,
): Promise<ResolvedImage | undefined> {
  const image = await inspectIfThere(engine, reference, signal);
  if (image === undefined) return undefined;
  const config = image.Config ?? {};
  return { id: image.Id, reference, labels: isAsMade(image) ? (config.Labels ?? {}) : {}, config };
}

/** The engine's inspect of an image; undefined if it has none of that name or id. */
export async function inspectIfThere(
  engine: Engine,
  reference: string,
  signal?: AbortSignal,
): Promise<ImageInspect | undefined> {
  try {
    return await inspectImage(engine, reference, { signal });
  } catch (error) {
    // 400: "Debian" and the like break the grammar of references, so no image has such a name.
    const status =
      error instanceof BerthError ? (error.details as { status?: number } | undefined)?.status : undefined;
    if (hasCode(error, "not-found") || status === 400) return undefined;
    throw error;
  }
}

/**
 * The image at that place, if it is what the digest says. Throws `conflict` for one that berth did not make:
 * it is not replaced.
 */
export async function findCurrent(
  engine: Engine,
  place: Place,
  signal?: AbortSignal,
): Promise<ResolvedImage | undefined> {
  const reference = `${place.repository}:${place.tag}`;
  const image = await findImage(engine, reference, signal);
  if (image !== undefined && image.labels[label.digest] === undefined) {
    throw new BerthError("conflict", `${reference} names an image that berth did not create`, {
      hint: `rename it, since berth needs the name: docker tag ${reference} NAME && docker rmi ${reference}`,
    });
  }
  return image?.labels[label.digest] === place.digest ? image : undefined;
}

/**
 * Puts a root into the engine. The engine moves the name when the new image is whole; until then the old one
 * keeps it, and afterwards goes, if it is berth's and nothing needs it.
 */
export async function storeTarball(
  engine: Engine,
  tarball: Tarball,
  place: Place,
  signal?: AbortSignal,
): Promise<ResolvedImage> {
  const { name, repository, tag, digest } = place;
  const reference = `${repository}:${tag}`;
  const old = await findImage(engine, reference, signal);
  const { Arch: architecture } = await readVersion(engine, { signal });
  const labels = { [label.image]: name, [label.digest]: digest };
  await importTarball(engine, tarball, { reference, labels, architecture, signal });
  const image = await findImage(engine, reference, signal);
  if (image === undefined)
    throw new BerthError("not-found", `another client removed image ${reference} right after its creation`);
  if (old !== undefined && old.id !== image.id) await removeDangling(engine, old.id, signal);
  return image;
}

/** Removes an image that lost its name to another one; not while something needs it. */
export async function removeDangling(engine: Engine, id: string, signal?: AbortSignal): Promise<void> {
  const image = await inspectIfThere(engine, id, signal);
  if (image === undefined || (image.RepoTags ?? []).length > 0) return;
  try {
    await removeImage(engine, id, { signal });
  } catch (error) {
    // Ignore: a container or another image uses it, or another process has removed it.
    if (!hasCode(error, "conflict") && !hasCode(error, "not-found")) throw error;
  }
}
