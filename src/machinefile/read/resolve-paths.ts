import type { Fleet, ImageSpec } from "#machinefile/machine.ts";
import { isTarballPath } from "#machinefile/value/image.ts";
import { type PathBase, resolvePath } from "#machinefile/value/path.ts";
import type { VolumeSpec } from "#machinefile/value/volume.ts";

/**
 * The fleet with every host path (bind sources, image tarballs) absolute: `~` below the home, relative ones
 * below the machine file's directory.
 */
export function resolvePaths(fleet: Fleet, base: PathBase): Fleet {
  return {
    project: fleet.project,
    network: fleet.network,
    images: Object.fromEntries(
      Object.entries(fleet.images).map(([name, image]) => [name, resolveImage(image, base)]),
    ),
    machines: fleet.machines.map((machine) => ({
      ...machine,
      image:
        isTarballPath(machine.image) && !Object.hasOwn(fleet.images, machine.image)
          ? resolvePath(machine.image, base)
          : machine.image,
      volumes: machine.volumes.map((volume) => resolveVolume(volume, base)),
    })),
  };
}

function resolveImage(image: ImageSpec, base: PathBase): ImageSpec {
  return "tarball" in image ? { tarball: resolvePath(image.tarball, base) } : image;
}

function resolveVolume(volume: VolumeSpec, base: PathBase): VolumeSpec {
  if (volume.kind !== "bind" || volume.source === undefined) return volume;
  return { ...volume, source: resolvePath(volume.source, base) };
}
