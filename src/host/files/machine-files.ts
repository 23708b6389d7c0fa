import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { MachineFiles, MountedFiles, Place } from "#contract/guest.ts";
import { isAt } from "#linux/path.ts";
import { filesBy, ignoreMissing, realRoot, walkRoot } from "./root-files.ts";

/**
 * Reads the files that a machine will have: its root's with the mounts over them, in order. As with
 * `rootFiles`, symbolic links resolve as in the machine: one in a bound directory of the host leads nowhere
 * on the host, whether absolute or upwards.
 */
export function machineFiles(root: string, mounts: readonly MountedFiles[]): MachineFiles {
  const table: MountedAt[] = [];
  const real = realRoot(root);
  // Of mounts at a path or above it the last one is in sight.
  const mountOf = (path: string, among: readonly MountedAt[]) =>
    among.findLastIndex(({ point }) => isAt(point, path));
  const locate = (path: string, among: readonly MountedAt[] = table): string | undefined => {
    const index = mountOf(path, among);
    const mount = among[index];
    if (mount === undefined) return join(real, path);
    if (mount.source !== undefined) return join(mount.source, path.slice(mount.point.length));
    // Of another file system berth only knows that it covers the path.
    return path === mount.point ? locate(path, among.slice(0, index)) : undefined;
  };
  const place = (path: string): Place => {
    const walked = ignoreMissing(() => walkRoot(locate, path));
    // Links without end, or names that cannot be: the runtime refuses to mount there.
    if (walked === undefined) return { path, exists: false, bound: false };
    const { found, missing } = walked;
    return {
      path: join(found, ...missing),
      exists: missing.length === 0,
      bound: table[mountOf(found, table)]?.source !== undefined,
    };
  };
  for (const { destination, source } of mounts) {
    table.push({
      point: place(destination).path,
      source: source !== undefined && existsSync(source) ? realpathSync(source) : undefined,
    });
  }
  return { ...filesBy((path) => locate(path)), place };
}

interface MountedAt {
  readonly point: string;
  readonly source: string | undefined;
}
