import { type Dirent, lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { readGuest } from "../contract/guest.ts";
import { BerthError } from "../errors.ts";
import type { FolderEntry, FolderFacts } from "../plan/loader/folder.ts";
import { rootFiles } from "./root-files.ts";

/** Looks at a machine's folder without following any link out of it. Throws `file-missing` where it is none. */
export function readFolder(path: string, command: readonly string[]): FolderFacts {
  const identity = identityOf(path);
  if (identity === undefined) throw new BerthError("file-missing", "the folder is not there any more");
  const entries = readdirSync(path, { withFileTypes: true })
    .map((entry) => describe(path, entry))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { entries, reading: readGuest(command, rootFiles(path)), identity };
}

/** What tells one folder from another, whatever path leads to it; undefined for what is no directory. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isDirectory() ? `${stat.dev}:${stat.ino}` : undefined;
}

function describe(folder: string, entry: Dirent): FolderEntry {
  const { name } = entry;
  // What stands in for bytes that are no UTF-8 leads nowhere.
  if (name.includes("\ufffd") && lstatSync(join(folder, name), { throwIfNoEntry: false }) === undefined) return { name, kind: "unnamable" };
  if (entry.isSymbolicLink()) return { name, kind: "link", target: readlinkSync(join(folder, name)) };
  // Some file systems leave the kind out of their listing.
  const stat = entry.isDirectory() || entry.isFile() ? entry : lstatSync(join(folder, name));
  return { name, kind: stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other" };
}
