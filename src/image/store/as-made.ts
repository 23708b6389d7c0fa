import type { ImageInspect } from "#engine/images.ts";
import { sha256 } from "#host/files/sha256.ts";
import { label } from "#labels/machine.ts";
import { contentDigest } from "#plan/image/content.ts";

/**
 * Whether an image with labels of berth's is as berth made it. Whatever is made `FROM` it or committed
 * inherits the labels, and adds a layer or runs something else. Berth puts all into one layer: that and a
 * name of berth's is all there is to see of images from before the label.
 */
export function isAsMade({
  RootFS,
  Config,
  RepoTags,
}: Pick<ImageInspect, "RootFS" | "Config" | "RepoTags">): boolean {
  const layers = RootFS.Layers ?? [];
  if (layers.length !== 1) return false;
  const content = Config?.Labels?.[label.content];
  if (content !== undefined) return content === contentDigest(layers, Config ?? {}, sha256);
  return (RepoTags ?? []).some((name) => /^berth(?:-loader:|\/)/.test(name));
}
