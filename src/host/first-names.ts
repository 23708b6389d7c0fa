import { closeSync, constants, openSync } from "node:fs";
import { callNumbers, check, hold, libc } from "./libc.ts";

const pageSize = 32 * 1024;
/** Of struct linux_dirent64, getdents64(2). */
const [lengthAt, typeAt, nameAt] = [16, 18, 19];

export interface NamedEntry {
  readonly name: string;
  /** What the listing says that it is, whatever is mounted there; some file systems leave that out. */
  readonly kind: "directory" | "file" | "other";
}

/**
 * The first names of a directory, in its own order, and no more than so many: whoever fills it with millions would have node:fs read,
 * and keep, them all.
 */
export function firstNames(directory: string, most: number): readonly string[] {
  return firstEntries(directory, most).map(({ name }) => name);
}

/** The same with what each is. */
export function firstEntries(directory: string, most: number): readonly NamedEntry[] {
  const file = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const page = Buffer.alloc(pageSize);
  const entries: NamedEntry[] = [];
  try {
    while (entries.length < most) {
      const read = check("getdents64", libc.syscall(callNumbers.getdents64, file, hold(page), page.length, 0, 0));
      if (read === 0) break;
      for (let at = 0; at < read; at += page.readUInt16LE(at + lengthAt)) {
        const name = page.toString("utf8", at + nameAt, page.indexOf(0, at + nameAt));
        if (name !== "." && name !== "..") entries.push({ name, kind: kinds.get(page.readUInt8(at + typeAt)) ?? "other" });
      }
    }
    return entries.slice(0, most);
  } finally {
    closeSync(file);
  }
}

/** DT_DIR and DT_REG, readdir(3). */
const kinds = new Map<number, NamedEntry["kind"]>([
  [4, "directory"],
  [8, "file"],
]);
