import { existsSync, readFileSync } from "node:fs";
import { type HostLxcfs, lxcfsFiles, parseLxcfs } from "../contract/lxcfs.ts";

/** The lxcfs of the host that this process runs on, and which files it offers; undefined where none is mounted, or the mounted one has ended. */
export function readLxcfs(): (HostLxcfs & { readonly files: readonly string[] }) | undefined {
  const lxcfs = parseLxcfs(readFileSync("/proc/self/mountinfo", "utf8"));
  if (lxcfs === undefined) return undefined;
  const files = lxcfsFiles.filter((file) => existsSync(lxcfs.directory + file));
  return files.length === 0 ? undefined : { ...lxcfs, files };
}
