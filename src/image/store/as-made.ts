import type { ImageInspect } from "#api/image.ts";
import { sha256 } from "#host/files/sha256.ts";
import { label } from "#labels/machine.ts";
import { contentDigest } from "#plan/image/content.ts";

/**
 * Whether an image with berth's labels is unchanged. Images made `FROM` it or by commit inherit the labels,
 * but have another layer or command. Berth's images have one layer: for images older than the label, that and
 * a name of berth's is the only evidence.
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
