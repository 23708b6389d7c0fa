import { lchownSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * berth's own files for a machine, in its stage, as its root's: those of the host's root would be nobody's in
 * its user namespace, and file systems in memory map no ids before Linux 6.3. `fill` makes them in a
 * directory that it is given, and its result is returned.
 */
export function stageOwnFiles<T>(stage: string, owner: number, fill: (directory: string) => T): T {
  const directory = join(stage, "own");
  mkdirSync(directory, { mode: 0o755 });
  const made = fill(directory);
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" }))
    lchownSync(join(directory, name), owner, owner);
  lchownSync(directory, owner, owner);
  return made;
}
