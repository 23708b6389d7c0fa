import { randomBytes } from "node:crypto";
import { label } from "#labels/machine.ts";

/** A container's body with a random token that distinguishes it from copies of it: see `label.creation`. */
export function withCreation<T extends { readonly Labels?: Readonly<Record<string, string>> | undefined }>(
  body: T,
): T {
  return { ...body, Labels: { ...body.Labels, [label.creation]: randomBytes(8).toString("hex") } };
}
