import { randomBytes } from "node:crypto";
import { label } from "#labels/machine.ts";

/**
 * A container's body with the word that tells it from whatever is made of its copies: see `label.creation`.
 */
export function withCreation<T extends { readonly Labels?: Readonly<Record<string, string>> | undefined }>(
  body: T,
): T {
  return { ...body, Labels: { ...body.Labels, [label.creation]: randomBytes(8).toString("hex") } };
}
