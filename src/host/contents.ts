import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Contents } from "../contract/copy-up.ts";
import { firstNames } from "./first-names.ts";
import { orMissing, rootFiles } from "./root-files.ts";

const page = 4096;

/**
 * What is below a directory of a root at rest (see `rootFiles`); of one that is not there, nothing. Looks no further than one
 * more than `most` files, however many an image has there.
 */
export function readContents(root: string, directory: string, most: number): Contents {
  const found = rootFiles(root).resolve(directory);
  let [bytes, inodes, odd]: [number, number, string | undefined] = [0, 0, undefined];
  const pending = found === undefined ? [] : [found];
  // Those of which no more than the name is known count, too.
  const seen = () => inodes + pending.length;
  while (seen() <= most) {
    const path = pending.pop();
    if (path === undefined) break;
    const place = join(root, path);
    // Too long a path for any program.
    const stat = orMissing(() => lstatSync(place));
    inodes += 1;
    if (stat === undefined) odd = path;
    else if (stat.isFile()) bytes += Math.ceil(stat.size / page) * page;
    else if (stat.isDirectory()) for (const name of firstNames(place, most + 1 - seen())) pending.push(join(path, name));
    else if (!stat.isSymbolicLink()) odd = path;
  }
  return { bytes, inodes: seen(), odd };
}
