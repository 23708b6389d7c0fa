import { constants } from "node:fs";
import { answered, calls, ENOENT } from "#host/syscall/mirror-calls.ts";
import type { Node } from "./nodes.ts";
import { entrySize, largestTransfer, type Reply, replyHeader } from "./protocol.ts";
import type { Tree } from "./tree.ts";

export interface DirectoryPage {
  readonly tree: Tree;
  readonly reply: Reply;
  readonly node: Node;
  /** The open directory. */
  readonly file: number;
  /** The position after the last entry of the previous page. */
  readonly offset: bigint;
  /** The page's size limit in bytes. */
  readonly room: number;
  /** Whether each entry comes with what a lookup of it would give. */
  readonly withAttributes: boolean;
}

const { S_IFMT } = constants;
const listing = Buffer.alloc(65_536);
/** struct fuse_dirent without the name; struct linux_dirent64 (getdents64(2)) without it. */
const [direntSize, nameAt] = [24, 19];

/**
 * Reads a page of a directory: struct fuse_dirent or fuse_direntplus, one after the other, each padded to
 * eight bytes. How many bytes it has, 0 at the directory's end, or a negated errno.
 */
export function directoryPage({
  tree,
  reply,
  node,
  file,
  offset,
  room,
  withAttributes,
}: DirectoryPage): number {
  const sought = answered(calls.lseek(file, offset, 0));
  if (sought < 0) return sought;
  const head = withAttributes ? entrySize + direntSize : direntSize;
  const space = Math.min(room, largestTransfer);
  let length = 0;
  // The next page reads entries that do not fit again.
  const read = tree.readDirectory(file, listing.subarray(0, Math.min(listing.length, Math.max(space, 4096))));
  // Nothing is in one that has gone, and the engine, which has seen it, need not fail for that.
  if (read < 0) return read === -ENOENT ? 0 : read;
  for (let at = 0; at < read; ) {
    const size = listing.readUInt16LE(at + 16);
    const name = listing.toString("latin1", at + nameAt, listing.indexOf(0, at + nameAt));
    const whole = (head + name.length + 7) & ~7;
    if (length + whole > space) break;
    const place = replyHeader + length;
    reply.bytes.fill(0, place, place + whole);
    if (withAttributes && name !== "." && name !== "..") {
      // One that has gone meanwhile has no number, which the kernel takes for a name alone.
      const found = tree.find(node, file, name);
      if (typeof found !== "number") reply.entry(place, found.id, tree.status, tree.seen);
    }
    const dirent = place + head - direntSize;
    reply.view.setBigUint64(dirent, listing.readBigUInt64LE(at), true);
    reply.view.setBigUint64(dirent + 8, listing.readBigUInt64LE(at + 8), true);
    reply.view.setUint32(dirent + 16, name.length, true);
    reply.view.setUint32(dirent + 20, listing[at + 18] ?? S_IFMT, true);
    reply.bytes.write(name, dirent + direntSize, "latin1");
    length += whole;
    at += size;
  }
  return length;
}
