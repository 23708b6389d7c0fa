import { constants, cp, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { run } from "#host/process/run.ts";
import { makeDisk } from "./disk.ts";

/** Where a VM has what it gets from here, and its $BERTH_CACHE. */
export const place = "/srv/berth";

/** All data disks are of one size: a VM that goes on from its memory finds the disk that it remembers. */
const size = 8 * 1024 ** 3;

/** Shell that mounts it, in a VM that may have looked at another one before. */
export const mountData = `mkdir -p ${place}
    blockdev --flushbufs /dev/vdb
    mount -o ro /dev/vdb ${place}`;

export interface DataWish {
  /** Root tarballs, as `roots` in $BERTH_CACHE. */
  readonly roots: readonly string[];
  /** This project, as `project`. */
  readonly project?: string;
}

/** What of node_modules no test needs. */
const heavy = ["@biomejs", "@typescript", "typescript", "knip", "@oxc-*", "oxc-*", "bun-types", "@types"];

/** Makes a disk of what a VM needs from here, in a directory: its path. */
export async function dataDisk(directory: string, { roots, project }: DataWish): Promise<string> {
  const tree = join(directory, "data");
  await mkdir(join(tree, "roots"), { recursive: true });
  for (const path of roots)
    await cp(path, join(tree, "roots", basename(path)), { mode: constants.COPYFILE_FICLONE });
  if (project !== undefined) {
    await mkdir(join(tree, "project"));
    const left = [".git", ...heavy.map((name) => `node_modules/${name}`)].map(
      (path) => `--exclude=./${path}`,
    );
    const pack = `tar -C "$1" "$@" -cf - . | tar -C "$0" -xf -`;
    await run("sh", ["-c", pack.replace('"$@"', left.join(" ")), join(tree, "project"), project]);
  }
  const disk = join(directory, "data.img");
  await makeDisk(tree, disk, size);
  await removeTree(tree);
  return disk;
}
