import type { imageKeys } from "#machinefile/keys/image.ts";
import type { ImageSpec } from "#machinefile/machine.ts";
import type { Fields } from "#machinefile/type/map.ts";

/** Builds an image's spec from its map; undefined unless it has exactly one of the three forms. */
export function buildImage(written: Fields<typeof imageKeys>): ImageSpec | undefined {
  const { base, tarball, image, os, release, packages = [], ...rest } = written;
  if (tarball !== undefined) return { tarball };
  if (image !== undefined) return { image };
  if (base === undefined || os === undefined || release === undefined) return undefined;
  return { base, os, release, packages, ...rest };
}
