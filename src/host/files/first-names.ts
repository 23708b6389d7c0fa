import { closeSync, constants, openSync } from "node:fs";
import { call, callNumbers, libc } from "#host/syscall/libc.ts";

/** Of struct linux_dirent64, getdents64(2). */
const [lengthAt, typeAt, nameAt] = [16, 18, 19];

export interface NamedEntry {
  readonly name: string;
  /** The type in the listing, regardless of mounts; some file systems omit it. */
  readonly kind: "directory" | "file" | "other";
}

/**
 * The first names of a directory in its own order, at most that many: node:fs would read and keep all of a
 * directory with millions.
 */
export function firstNames(directory: string, most: number): readonly string[] {
  return firstEntries(directory, most).map(({ name }) => name);
}

/** The same with each entry's type. */
export function firstEntries(directory: string, most: number): readonly NamedEntry[] {
  const entries: NamedEntry[] = [];
  for (const page of pagesOf(directory)) {
    entries.push(...page);
    if (entries.length >= most) break;
  }
  return entries.slice(0, most);
}

/**
 * Iterates over a directory by pages of getdents64(2). Closes it after the last entry, or when the caller
 * stops. As latin1, each character of a name is one byte of it.
 */
export function* pagesOf(
  directory: string,
  encoding: "utf8" | "latin1" = "utf8",
): Generator<readonly NamedEntry[]> {
  const file = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (let page = readPage(file, encoding); page !== undefined; page = readPage(file, encoding)) yield page;
  } finally {
    closeSync(file);
  }
}

/** Keep it small, since a walk keeps a page of each directory on the way. */
const buffer = Buffer.alloc(4096);

/** Undefined at the end. */
function readPage(file: number, encoding: "utf8" | "latin1"): readonly NamedEntry[] | undefined {
  const read = call("getdents64", (given) =>
    libc.syscall(callNumbers.getdents64, file, given.bytes(buffer), buffer.length, 0, 0),
  );
  const entries: NamedEntry[] = [];
  for (let at = 0; at < read; at += buffer.readUInt16LE(at + lengthAt)) {
    const name = buffer.toString(encoding, at + nameAt, buffer.indexOf(0, at + nameAt));
    if (name !== "." && name !== "..")
      entries.push({ name, kind: kinds.get(buffer.readUInt8(at + typeAt)) ?? "other" });
  }
  return read === 0 ? undefined : entries;
}

/** DT_DIR and DT_REG, readdir(3). */
const kinds = new Map<number, NamedEntry["kind"]>([
  [4, "directory"],
  [8, "file"],
]);
