import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Contents } from "../contract/copy-up.ts";
import { pagesOf } from "./first-names.ts";
import { orMissing, rootFiles } from "./root-files.ts";

const page = 4096;

/**
 * What is below a directory of a root at rest (see `rootFiles`); of one that is not there, nothing. Looks no further than one
 * more than `most` files, however many an image has there, and keeps no more names than one page of each directory on the way.
 */
export function readContents(root: string, directory: string, most: number): Contents {
  let [bytes, inodes, odd]: [number, number, string | undefined] = [0, 0, undefined];
  // No deeper than a path is long.
  const count = (path: string) => {
    const place = join(root, path);
    // Too long a path for any program.
    const stat = orMissing(() => lstatSync(place));
    inodes += 1;
    if (stat === undefined) odd = path;
    else if (stat.isFile()) bytes += Math.ceil(stat.size / page) * page;
    else if (stat.isDirectory()) countAll(path, place);
    else if (!stat.isSymbolicLink()) odd = path;
  };
  const countAll = (path: string, place: string) => {
    for (const entries of pagesOf(place)) {
      for (const { name } of entries) {
        if (inodes > most) return;
        count(join(path, name));
      }
    }
  };
  const found = rootFiles(root).resolve(directory);
  if (found !== undefined) count(found);
  return { bytes, inodes, odd };
}
