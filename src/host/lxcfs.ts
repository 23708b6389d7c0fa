import { existsSync, readFileSync } from "node:fs";
import { type LxcfsOffer, lxcfsFiles, parseLxcfs } from "../contract/lxcfs.ts";

/**
 * The lxcfs of the host that this process runs on, and which files it offers; undefined where none is mounted, or the mounted
 * one has ended. `mountinfo` is that of its own mount namespace.
 */
export function readLxcfs(mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): LxcfsOffer | undefined {
  const lxcfs = parseLxcfs(mountinfo);
  if (lxcfs === undefined) return undefined;
  const files = lxcfsFiles.filter((file) => existsSync(lxcfs.directory + file));
  return files.length === 0 ? undefined : { ...lxcfs, files };
}
