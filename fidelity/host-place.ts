import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { emptyEngine, giveImage, hostNode } from "#lab/host-node.ts";
import { image, type Place, placeOn } from "./place.ts";
import { rootTarball } from "./roots.ts";

/**
 * This host itself as the place, with its own engine and the runtime that is installed; for a host that is
 * the tests' own. Its machines install no packages.
 */
export async function hostPlace(signal: AbortSignal): Promise<Place> {
  const node = hostNode("host");
  const tarball = await rootTarball();
  await giveImage(node, image, tarball);
  const directory = await mkdtemp(join("/var/tmp", "berth-fidelity-"));
  return placeOn(node, {
    cgroupView: "v2",
    signal,
    tarball,
    archive: undefined,
    directory,
    cgroup: "/berth-fidelity",
    destroy: async () => {
      await emptyEngine(node);
      await removeTree(directory);
    },
  });
}
