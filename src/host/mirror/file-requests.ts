import { constants } from "node:fs";
import { answered, calls, EINVAL } from "#host/syscall/mirror-calls.ts";
import { directoryPage } from "./directory.ts";
import { type Exchange, type Handlers, isOpen } from "./exchange.ts";
import type { Node } from "./nodes.ts";
import { largestTransfer, opcodes, openSize, type Request, replyHeader } from "./protocol.ts";

const { O_APPEND, O_DIRECT, O_TRUNC } = constants;

function opened({ reply, tree }: Exchange, node: Node, file: number): number {
  if (file < 0) return file;
  if (tree.nodes.get(node.id) === node) tree.nodes.open(node, file);
  reply.opened(replyHeader, file);
  return openSize;
}

function closed({ request, tree }: Exchange, node: Node): number {
  const file = request.u32(0);
  tree.nodes.close(node, file);
  return Math.min(0, answered(calls.close(file)));
}

function readPage(exchanged: Exchange, node: Node, withAttributes: boolean): number {
  const { request, tree, reply } = exchanged;
  const file = request.u32(0);
  if (!isOpen(node, file)) return -EINVAL;
  return directoryPage({
    tree,
    reply,
    node,
    file,
    offset: request.i64(8),
    room: Math.min(request.u32(16), largestTransfer),
    withAttributes,
  });
}

function synchronize(request: Request, node: Node): number {
  const file = request.u32(0);
  if (!isOpen(node, file)) return -EINVAL;
  return answered((request.u32(8) & 1) === 0 ? calls.fsync(file) : calls.fdatasync(file));
}

/** What opens, reads, writes and closes files and directories. */
export const fileRequests: Handlers = [
  [
    opcodes.open,
    (exchanged, node) =>
      opened(
        exchanged,
        node,
        exchanged.tree.open(node, exchanged.request.u32(0) & ~(O_APPEND | O_DIRECT | O_TRUNC)),
      ),
  ],
  [opcodes.opendir, (exchanged, node) => opened(exchanged, node, exchanged.tree.openDirectory(node))],
  [
    opcodes.read,
    ({ request, reply }, node) => {
      const file = request.u32(0);
      if (!isOpen(node, file)) return -EINVAL;
      const size = Math.min(request.u32(16), largestTransfer);
      return answered(calls.pread(file, reply.bytes.subarray(replyHeader), size, request.i64(8)));
    },
  ],
  [opcodes.readdir, (exchanged, node) => readPage(exchanged, node, false)],
  [opcodes.readdirplus, (exchanged, node) => readPage(exchanged, node, true)],
  [
    opcodes.write,
    ({ request, reply }, node) => {
      const file = request.u32(0);
      if (!isOpen(node, file)) return -EINVAL;
      const bytes = request.rest(40);
      const written =
        bytes.length === 0 ? 0 : answered(calls.pwrite(file, bytes, bytes.length, request.i64(8)));
      if (written < 0) return written;
      reply.bytes.fill(0, replyHeader, replyHeader + 8);
      reply.view.setUint32(replyHeader, written, true);
      return 8;
    },
  ],
  [opcodes.release, closed],
  [opcodes.releasedir, closed],
  [opcodes.fsync, ({ request }, node) => synchronize(request, node)],
  [opcodes.fsyncdir, ({ request }, node) => synchronize(request, node)],
  [
    opcodes.fallocate,
    ({ request }, node) => {
      const file = request.u32(0);
      return isOpen(node, file)
        ? answered(calls.fallocate(file, request.u32(24), request.i64(8), request.i64(16)))
        : -EINVAL;
    },
  ],
  [
    opcodes.lseek,
    ({ request, reply }, node) => {
      const file = request.u32(0);
      const at = isOpen(node, file) ? answered(calls.lseek(file, request.i64(8), request.u32(16))) : -EINVAL;
      if (at < 0) return at;
      reply.view.setBigUint64(replyHeader, BigInt(at), true);
      return 8;
    },
  ],
];
