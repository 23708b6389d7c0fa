import { label } from "#labels/machine.ts";
import type { ImageConfig } from "./image-config.ts";

/** A name at the top of an image that holds nothing else. */
export type RootEntry =
  | { readonly name: string; readonly kind: "directory" | "file" }
  | { readonly name: string; readonly kind: "link"; readonly target: string };

const repository = "berth-root";

/** What an image of such entries alone is called: after its one layer, whose SHA-256 this is. */
export function rootReference(diffId: string): string {
  return `${repository}:${diffId.slice(0, 16)}`;
}

/** Whether a reference is the name of such an image. */
export function isRootReference(reference: string): boolean {
  return reference.startsWith(`${repository}:`);
}

/** Its configuration. It has no time of its own: equal entries make the same image. */
export function renderRootConfig(architecture: string, diffId: string): ImageConfig {
  const created = new Date(0).toISOString();
  return {
    architecture,
    os: "linux",
    created,
    config: { Labels: { [label.rootImage]: "" } },
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
    history: [{ created, created_by: "berth" }],
  };
}
