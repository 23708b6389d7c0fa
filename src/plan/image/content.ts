import type { ContainerConfig } from "#api/container.ts";

/** SHA-256 of a text, in hexadecimal. */
export type Sha256 = (text: string) => string;

/** SHA-256, in hex, of an image's layers (`sha256:…` of the plain tars) and of what it runs. */
export function contentDigest(
  layers: readonly string[],
  { Entrypoint, Cmd }: Pick<ContainerConfig, "Entrypoint" | "Cmd">,
  sha256: Sha256,
): string {
  return sha256(JSON.stringify([layers, Entrypoint ?? [], Cmd ?? []]));
}
