import type { ImageSpec, ScratchImage } from "#machinefile/machine.ts";
import { isTarballPath, tarballName } from "#machinefile/value/image.ts";

/** What a reference asks for, as far as its text and the machine file tell. */
export type Meaning =
  | { readonly kind: "scratch"; readonly name: string; readonly spec: ScratchImage }
  | { readonly kind: "tarball"; readonly name: string; readonly path: string }
  | { readonly kind: "name"; readonly reference: string };

/**
 * A name among the machine file's images is that image, whatever else is called so. Then, what starts with
 * `./`, `../`, `/` or `~`, or ends like a tarball, is a path. All else is a name for the engine and the
 * built-in images.
 */
export function classifyReference(
  reference: string,
  fleetImages: Readonly<Record<string, ImageSpec>>,
): Meaning {
  const spec = Object.hasOwn(fleetImages, reference) ? fleetImages[reference] : undefined;
  if (spec !== undefined) {
    if ("tarball" in spec) return { kind: "tarball", name: reference, path: spec.tarball };
    if ("image" in spec) return { kind: "name", reference: spec.image };
    return { kind: "scratch", name: reference, spec };
  }
  if (isTarballPath(reference)) {
    return { kind: "tarball", name: repositoryName(reference), path: reference };
  }
  return { kind: "name", reference };
}

/**
 * A file's name as a word that a repository may bear (the distribution/reference grammar, path-component).
 */
function repositoryName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1).replace(tarballName, "");
  const words = file.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.join("-") || "root";
}
