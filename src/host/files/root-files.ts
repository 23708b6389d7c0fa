import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { RootFiles } from "#contract/guest.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { withPlace } from "./beneath.ts";
import { firstNames } from "./first-names.ts";

const longestText = 64 * 1024;
/** Of one directory: more than any that is looked into has. */
const mostNames = 10_000;
/** As many links as the kernel follows before ELOOP (path_resolution(7)), */
const mostLinks = 40;
/**
 * and, of them together, as many characters as a path has: one may be as long, and a root's add up to a few
 * hundred.
 */
const longestLinks = 4095;

/**
 * Reads a root filesystem in a directory. Every symbolic link, absolute ones too, is resolved inside that
 * root, by hand and one component at a time, so that a hostile image cannot point at the host's files.
 * Nothing may run in the root meanwhile: it is for roots at rest, as they are before their container starts.
 */
export function rootFiles(root: string): RootFiles {
  const real = realRoot(root);
  return filesBy((path) => join(real, path));
}

/** A root by a path without links; one that is not there as it is. */
export function realRoot(root: string): string {
  return orMissing(() => realpathSync(root)) ?? root;
}

/**
 * Where a path of the root, which has no symbolic links but perhaps its last name, is on the host, by a path
 * that has none either; undefined for what cannot be looked into.
 */
export type Locate = (path: string) => string | undefined;

/** As `rootFiles`, for a root whose parts are at several places. */
export function filesBy(locate: Locate): RootFiles {
  const find = (path: string) => {
    const walked = walkRoot(locate, path);
    return walked === undefined || walked.missing.length > 0 ? undefined : walked.found;
  };
  const findHere = (path: string) => {
    const found = find(path);
    return found === undefined ? undefined : locate(found);
  };
  return {
    resolve: (path) => orMissing(() => find(path)),
    read: (path) =>
      orMissing(() => {
        const place = findHere(path);
        return place === undefined ? undefined : readHead(place, longestText)?.toString("utf8");
      }),
    isElf: (path) =>
      orMissing(() => {
        const place = findHere(path);
        return place !== undefined && readHead(place, elf.length)?.equals(elf);
      }) ?? false,
    list: (path) =>
      orMissing(() => {
        const place = findHere(path);
        return place === undefined ? [] : readNames(place);
      }) ?? [],
  };
}

/**
 * A link may name what no path can be: too long a name or a path, a NUL byte. Then nothing is there, as for
 * the kernel; nor is there anything to wait for where somebody has a lease on it (fcntl(2)).
 */
const impossible = ["ENAMETOOLONG", "ENOTDIR", "ENOENT", "ERR_INVALID_ARG_VALUE", "EAGAIN"];

export function orMissing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasErrno(error, impossible)) return undefined;
    throw error;
  }
}

export interface Walk {
  /** As far as something is there, with all symbolic links resolved. */
  readonly found: string;
  /**
   * The names after that, of which the first is not there, or which are to be looked for in what is no
   * directory.
   */
  readonly missing: readonly string[];
}

/**
 * Walks a path as the kernel does in a process whose root this is; undefined after too many links, or too
 * long ones.
 */
export function walkRoot(locate: Locate, path: string): Walk | undefined {
  // The names still to walk, the next one last.
  const pending = path.split("/").reverse();
  const end = (found: readonly string[], ...rest: readonly string[]): Walk => ({
    found: `/${found.join("/")}`,
    missing: rest.filter((name) => name !== "" && name !== "."),
  });
  let resolved: string[] = [];
  let [links, length] = [0, 0];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      resolved.pop();
      continue;
    }
    const candidate = locate(`/${[...resolved, name].join("/")}`);
    const stat = candidate === undefined ? undefined : lstatSync(candidate, { throwIfNoEntry: false });
    if (candidate === undefined || stat === undefined) return end(resolved, name, ...pending.reverse());
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(candidate);
      links += 1;
      length += target.length;
      if (links > mostLinks || length > longestLinks) return undefined;
      if (target.startsWith("/")) resolved = [];
      pending.push(...target.split("/").reverse());
    } else {
      if (!stat.isDirectory() && pending.some((rest) => rest !== "" && rest !== "."))
        return end(resolved, name, ...pending.reverse());
      resolved.push(name);
    }
  }
  return end(resolved);
}

/*
 * A directory that is bound may be another machine's too, which may put a link or a FIFO there at this very moment: what is opened
 * is reached by no link, and is looked at before it is read.
 */

function readNames(path: string): readonly string[] | undefined {
  return withPlace(path, (place, stat) => (stat.isDirectory() ? firstNames(place, mostNames) : []));
}

/** The first bytes of every program of machine code (elf(5), e_ident). */
const elf = Buffer.from("\x7fELF", "latin1");

/** The first bytes of a regular file; undefined for anything else. */
function readHead(path: string, length: number): Buffer | undefined {
  return withPlace(path, (place, stat) => {
    if (!stat.isFile()) return undefined;
    const file = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(file, buffer, 0, length, 0));
    } finally {
      closeSync(file);
    }
  });
}
