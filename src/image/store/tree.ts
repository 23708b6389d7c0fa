import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pack } from "tar-stream";

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
 * The root as a tar. Equal trees give equal bytes, whatever order they were made in: times are the epoch,
 * names are sorted. A file's content is not copied.
 */
export function packTree(tree: Tree): Readable {
  const archive = pack();
  const paths = new Set([...tree.keys()].flatMap((path) => [...parentsOf(path), path]));
  for (const path of [...paths].sort()) {
    const node = tree.get(path) ?? { kind: "directory", mode: 0o755 };
    const header = { name: path.slice(1), uid: 0, gid: 0, mtime: new Date(0) };
    if (node.kind === "link")
      archive.entry({ ...header, type: "symlink", linkname: node.target, mode: 0o777 });
    else if (node.kind === "directory") archive.entry({ ...header, type: "directory", mode: node.mode });
    else
      archive.entry(
        { ...header, type: "file", mode: node.mode, size: node.content.length },
        asBuffer(node.content),
      );
  }
  archive.finalize();
  return Readable.from(archive);
}

function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === "/" ? [] : [...parentsOf(parent), parent];
}

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
