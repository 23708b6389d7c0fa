import { answered, calls } from "#host/syscall/mirror-calls.ts";
import { type Handlers, isOpen } from "./exchange.ts";
import { getValue, listNames, removeValue, setValue } from "./extended-attributes.ts";
import { rootId } from "./nodes.ts";
import { text } from "./path-text.ts";
import { byHandle, opcodes, type Reply, replyHeader } from "./protocol.ts";
import { setAttributes } from "./set-attributes.ts";
import type { Tree } from "./tree.ts";

const numbers = Buffer.alloc(120);

/** struct fuse_kstatfs by statfs(2), whose structure has words of 64 bits. */
export function statistics(tree: Tree, reply: Reply): number {
  const file = tree.place(".");
  if (file < 0) return file;
  const result = answered(calls.fstatfs(file, numbers));
  calls.close(file);
  if (result < 0) return result;
  reply.bytes.fill(0, replyHeader, replyHeader + 80);
  for (const [index, at] of [16, 24, 32, 40, 48].entries())
    reply.view.setBigUint64(replyHeader + 8 * index, numbers.readBigUInt64LE(at), true);
  for (const [index, at] of [8, 64, 72].entries())
    reply.view.setUint32(replyHeader + 40 + 4 * index, numbers.readUInt32LE(at), true);
  return 80;
}

/**
 * The attributes of a root as the engine wants those of the directory that it is about to mount at, and would
 * set them otherwise (overlay2 in moby), which a decoy cannot have: private, and of the host's root.
 */
function asPlace(tree: Tree, reply: Reply): number {
  const length = reply.attributes(tree.status, () => 0);
  reply.view.setUint32(replyHeader + 16 + 60, 0o40700, true);
  return length;
}

/** What asks for and changes what is known of a node, and what ends its being known. */
export const nodeRequests: Handlers = [
  [
    opcodes.forget,
    ({ tree, request }, node) => {
      tree.nodes.forget(node.id, request.u64(0));
      return undefined;
    },
  ],
  [
    opcodes.batchForget,
    ({ tree, request }) => {
      for (let index = 0; index < request.u32(0); index += 1)
        tree.nodes.forget(request.u64(8 + 16 * index), request.u64(16 + 16 * index));
      return undefined;
    },
  ],
  [
    opcodes.getattr,
    ({ tree, isDecoy, request, reply }, node) => {
      if (isDecoy && node.id === rootId) return tree.withFile(node, () => asPlace(tree, reply));
      const file = request.u32(8);
      if ((request.u32(0) & byHandle) !== 0 && isOpen(node, file)) {
        const looked = tree.look(file);
        return looked < 0 ? looked : reply.attributes(tree.status, tree.seen);
      }
      return tree.withFile(node, () => reply.attributes(tree.status, tree.seen));
    },
  ],
  [opcodes.setattr, setAttributes],
  [
    opcodes.readlink,
    ({ tree, reply }, node) =>
      tree.withSeen(node, (file) =>
        answered(calls.readlinkat(file, text(""), reply.bytes.subarray(replyHeader), 4096)),
      ),
  ],
  [opcodes.getxattr, getValue],
  [opcodes.listxattr, listNames],
  [opcodes.setxattr, setValue],
  [opcodes.removexattr, removeValue],
  [opcodes.statfs, ({ tree, reply }) => statistics(tree, reply)],
  [opcodes.interrupt, () => undefined],
  [opcodes.destroy, () => 0],
];
