import { createHash } from "node:crypto";
import type { ContainerConfig } from "#api/container.ts";
import type { ImageInspect } from "#engine/images.ts";

/** On images: what berth put into them, by `contentDigest`. */
export const contentLabel = "berth.content";

type Started = Pick<ContainerConfig, "Entrypoint" | "Cmd">;

/** SHA-256, in hex, of an image's layers (`sha256:…` of the plain tars) and of what it runs. */
export function contentDigest(layers: readonly string[], { Entrypoint, Cmd }: Started): string {
  return createHash("sha256")
    .update(JSON.stringify([layers, Entrypoint ?? [], Cmd ?? []]))
    .digest("hex");
}

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
  const content = Config?.Labels?.[contentLabel];
  if (content !== undefined) return content === contentDigest(layers, Config ?? {});
  return (RepoTags ?? []).some((name) => /^berth(?:-loader:|\/)/.test(name));
}
