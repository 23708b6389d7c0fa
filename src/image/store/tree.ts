import { dirname } from "node:path";
import { Readable } from "node:stream";
import { endOfTar, packMember, renderMember } from "#image/tarball/write-tar.ts";

/** What may be at a path of an image's root; all of it belongs to root. */
export type TreeNode =
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "file"; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: "link"; readonly target: string };

/** A root by its absolute paths. Directories that only hold others need not be named. */
export type Tree = ReadonlyMap<string, TreeNode>;

/** A path of a host as it is in a root with a merged /usr, where /bin, /sbin, /lib and /lib64 are links. */
export function mergedPath(path: string): string {
  return path.replace(/^\/(?=(?:bin|sbin|lib|lib64)\/)/, "/usr/");
}

/**
 * Packs the root as a tar. Equal trees give equal bytes in any order of creation: times are the epoch, names
 * are sorted. Does not copy file contents.
 */
export function packTree(tree: Tree): Readable {
  return Readable.from(tarOf(tree));
}

function* tarOf(tree: Tree): Generator<Uint8Array> {
  const paths = new Set([...tree.keys()].flatMap((path) => [...parentsOf(path), path]));
  for (const path of [...paths].sort()) {
    const node = tree.get(path) ?? { kind: "directory", mode: 0o755 };
    const name = path.slice(1);
    if (node.kind === "link")
      yield renderMember({ name, type: "symlink", linkname: node.target, mode: 0o777 });
    else if (node.kind === "directory") yield renderMember({ name, type: "directory", mode: node.mode });
    else yield* packMember({ name, mode: node.mode }, node.content);
  }
  yield endOfTar;
}

function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === "/" ? [] : [...parentsOf(parent), parent];
}
