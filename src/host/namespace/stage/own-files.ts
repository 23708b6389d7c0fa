import { closeSync, lchownSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { attachMount, cloneMount, mountFlags, restrictMount } from "#host/syscall/syscalls.ts";

/**
 * berth's own files for a machine, in its stage, as its root's: those of the host's root would be nobody's in
 * its user namespace, and file systems in memory map no ids before Linux 6.3. `fill` makes them in a
 * directory that it is given, and its result is returned. They are on a mount that is read-only before the
 * machine has its own copy, so that its root cannot make that writable (mount_namespaces(7), "locked").
 */
export function stageOwnFiles<T>(stage: string, owner: number, fill: (directory: string) => T): T {
  const directory = join(stage, "own");
  mkdirSync(directory, { mode: 0o755 });
  const made = fill(directory);
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" }))
    lchownSync(join(directory, name), owner, owner);
  lchownSync(directory, owner, owner);
  const clone = cloneMount(directory, false);
  try {
    restrictMount(clone, mountFlags.readOnly, false);
    attachMount(clone, directory);
  } finally {
    closeSync(clone);
  }
  return made;
}
