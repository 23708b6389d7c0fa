import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { RootFiles } from "#contract/guest.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { type Walk, walkSymlinks } from "#linux/symlink-walk.ts";
import { withPlace } from "./beneath.ts";
import { firstNames } from "./first-names.ts";

const longestText = 64 * 1024;
/** Of one directory: more than any that is looked into has. */
const mostNames = 10_000;
/**
 * Reads a root filesystem in a directory. Every symbolic link, absolute ones too, is resolved inside that
 * root, by hand and one component at a time, so that a hostile image cannot point at the host's files.
 * Nothing may run in the root meanwhile: it is for roots at rest, as they are before their container starts.
 */
export function rootFiles(root: string): RootFiles {
  const real = realRoot(root);
  return filesBy((path) => join(real, path));
}

/** A root by its path without links; unchanged if it does not exist. */
export function realRoot(root: string): string {
  return ignoreMissing(() => realpathSync(root)) ?? root;
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
    resolve: (path) => ignoreMissing(() => find(path)),
    read: (path) =>
      ignoreMissing(() => {
        const place = findHere(path);
        return place === undefined ? undefined : readHead(place, longestText)?.toString("utf8");
      }),
    isElf: (path) =>
      ignoreMissing(() => {
        const place = findHere(path);
        return place !== undefined && readHead(place, elf.length)?.equals(elf);
      }) ?? false,
    list: (path) =>
      ignoreMissing(() => {
        const place = findHere(path);
        return place === undefined ? [] : readNames(place);
      }) ?? [],
  };
}

/**
 * A link's target may be no valid path: too long, or with a NUL byte. Treat it as missing, like the kernel;
 * do the same for a file under another process's lease (fcntl(2)), without waiting.
 */
const impossible = ["ENAMETOOLONG", "ENOTDIR", "ENOENT", "ERR_INVALID_ARG_VALUE", "EAGAIN"];

export function ignoreMissing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasErrno(error, impossible)) return undefined;
    throw error;
  }
}

/** Walks a path of a root whose parts may be at several places. See `walkSymlinks`. */
export const walkRoot = (locate: Locate, path: string): Walk | undefined =>
  walkSymlinks(path, (candidate) => {
    const place = locate(candidate);
    const stat = place === undefined ? undefined : lstatSync(place, { throwIfNoEntry: false });
    if (place === undefined || stat === undefined) return undefined;
    if (stat.isSymbolicLink()) return { target: readlinkSync(place) };
    return stat.isDirectory() ? "directory" : "other";
  });

/*
 * A directory that is bound may be another machine's too, which may put a link or a FIFO there at this very
 * moment: what is opened is reached by no link, and is looked at before it is read.
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
