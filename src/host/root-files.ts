import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import type { RootFiles } from "../contract/guest.ts";

const longestText = 64 * 1024;
/** As many links as the kernel follows before ELOOP (path_resolution(7)). */
const mostLinks = 40;

/**
 * Reads a root filesystem in a directory. Every symbolic link, absolute ones too, is resolved inside that root, by hand
 * and one component at a time, so that a hostile image cannot point at the host's files. Nothing may run in the root
 * meanwhile: it is for roots at rest, as they are before their container starts.
 */
export function rootFiles(root: string): RootFiles {
  return {
    resolve: (path) => orMissing(() => resolveInRoot(root, path)),
    read: (path) =>
      orMissing(() => {
        const resolved = resolveInRoot(root, path);
        return resolved === undefined ? undefined : readText(join(root, resolved));
      }),
    list: (path) =>
      orMissing(() => {
        const resolved = resolveInRoot(root, path);
        return resolved === undefined || !lstatSync(join(root, resolved)).isDirectory() ? [] : readdirSync(join(root, resolved));
      }) ?? [],
  };
}

/** A link may name what no path can be: too long a name or a path, a NUL byte. Then nothing is there, as for the kernel. */
const impossible: ReadonlySet<unknown> = new Set(["ENAMETOOLONG", "ENOTDIR", "ENOENT", "ERR_INVALID_ARG_VALUE"]);

function orMissing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error && impossible.has(error.code)) return undefined;
    throw error;
  }
}

function resolveInRoot(root: string, path: string): string | undefined {
  // The names still to walk, the next one last.
  const pending = path.split("/").reverse();
  let resolved: string[] = [];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      resolved.pop();
      continue;
    }
    const candidate = join(root, ...resolved, name);
    const stat = lstatSync(candidate, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (stat.isSymbolicLink()) {
      links += 1;
      if (links > mostLinks) return undefined;
      const target = readlinkSync(candidate);
      if (target.startsWith("/")) resolved = [];
      pending.push(...target.split("/").reverse());
    } else {
      if (!stat.isDirectory() && pending.some((rest) => rest !== "" && rest !== ".")) return undefined;
      resolved.push(name);
    }
  }
  return `/${resolved.join("/")}`;
}

function readText(path: string): string | undefined {
  if (!lstatSync(path).isFile()) return undefined;
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(longestText);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, longestText, 0));
  } finally {
    closeSync(file);
  }
}
