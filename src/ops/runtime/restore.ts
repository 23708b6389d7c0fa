import { BerthError } from "#errors.ts";
import { readContainer } from "./read-container.ts";

/**
 * Lets any container be restored but a machine, whose copy lacks what berth had mounted. Decides like
 * `runtimeCreate` which one that is. Throws `usage` for a machine, and what `readContainer` throws.
 */
export function runtimeRestore(bundle: string, id: string): readonly string[] {
  if (readContainer(bundle, id) === undefined) return [];
  throw new BerthError("usage", "cannot restore a machine (docker checkpoint, podman container restore)");
}
