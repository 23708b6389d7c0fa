import { constants } from "node:fs";
import { answered, calls, EINVAL, ENOSYS, ESTALE } from "#host/syscall/mirror-calls.ts";
import { directoryPage } from "./directory.ts";
import { type Exchange, isOpen } from "./exchange.ts";
import { getValue, listNames, removeValue, setValue } from "./extended-attributes.ts";
import type { Node } from "./nodes.ts";
import {
  byHandle,
  entrySize,
  largestTransfer,
  opcodes,
  openSize,
  type Reply,
  type Request,
  replyHeader,
} from "./protocol.ts";
import { setAttributes } from "./set-attributes.ts";
import { type Tree, text } from "./tree.ts";

const { O_APPEND, O_DIRECT, O_DIRECTORY, O_TRUNC } = constants;
/** renameat2(2) */
const exchange = 2;

/**
 * Answers one request: how many bytes of a reply follow its header, or a negated errno; undefined for what is
 * not answered.
 */
export function answer(exchanged: Exchange): number | undefined {
  const { request, tree } = exchanged;
  const handler = handlers.get(request.opcode);
  if (handler === undefined) return -ENOSYS;
  const node = tree.nodes.get(request.node);
  return node === undefined
    ? unnamed.has(request.opcode)
      ? handler(exchanged, nowhere)
      : -ESTALE
    : handler(exchanged, node);
}

type Handler = (exchange: Exchange, node: Node) => number | undefined;

/** Requests about no node. */
const unnamed: ReadonlySet<number> = new Set([
  opcodes.forget,
  opcodes.batchForget,
  opcodes.interrupt,
  opcodes.destroy,
  opcodes.statfs,
]);
const nowhere: Node = {
  id: 0,
  parent: undefined,
  name: "",
  file: { inode: 0n, type: 0 },
  lookups: 0,
  open: new Set(),
};

/** The entry of a name that was just found or made, for the kernel to know. */
function entry({ tree, reply }: Exchange, parent: Node, name: string, directory: number): number {
  const found = tree.find(parent, directory, name);
  if (typeof found === "number") {
    tree.nodes.gone(parent, name);
    return found;
  }
  reply.entry(replyHeader, found.id, tree.status, tree.seen);
  return entrySize;
}

/** Makes something, then gives the kernel its entry. */
function made(exchanged: Exchange, parent: Node, name: string, make: (directory: number) => number): number {
  const { tree, request } = exchanged;
  return tree.create(parent, request.uid, request.gid, (directory) => {
    const result = make(directory);
    return result < 0 ? result : entry(exchanged, parent, name, directory);
  });
}

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

function rename(
  { tree }: Exchange,
  from: Node,
  to: Node | undefined,
  oldName: string,
  newName: string,
  flags: number,
): number {
  if (to === undefined) return -ESTALE;
  const result = tree.inDirectory(from, (source) =>
    tree.inDirectory(to, (target) => tree.rename(source, oldName, target, newName, flags)),
  );
  if (result === 0) tree.nodes.renamed(from, oldName, to, newName, (flags & exchange) !== 0);
  return result;
}

function removed({ tree, request }: Exchange, node: Node, isDirectory: boolean): number {
  const name = request.name(0);
  const result = tree.inDirectory(node, (directory) => tree.remove(directory, name, isDirectory));
  if (result === 0) tree.nodes.gone(node, name);
  return result;
}

/** The second of two names that stand one after the other. */
const secondName = (request: Request, at: number) => request.name(at + request.name(at).length + 1);

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

const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [opcodes.interrupt, () => undefined],
  [opcodes.destroy, () => 0],
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
    opcodes.lookup,
    (exchanged, node) => {
      const name = exchanged.request.name(0);
      return exchanged.tree.inDirectory(node, (directory) => entry(exchanged, node, name, directory));
    },
  ],
  [
    opcodes.getattr,
    ({ tree, request, reply }, node) => {
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
  [
    opcodes.symlink,
    (exchanged, node) => {
      const [name, target] = [exchanged.request.name(0), secondName(exchanged.request, 0)];
      return made(exchanged, node, name, (directory) => exchanged.tree.makeLink(directory, name, target));
    },
  ],
  [
    opcodes.mknod,
    (exchanged, node) => {
      const { request, tree } = exchanged;
      const name = request.name(16);
      return made(exchanged, node, name, (directory) =>
        tree.makeNode(directory, name, request.u32(0), request.u32(4)),
      );
    },
  ],
  [
    opcodes.mkdir,
    (exchanged, node) => {
      const { request, tree } = exchanged;
      const name = request.name(8);
      return made(exchanged, node, name, (directory) => tree.makeDirectory(directory, name, request.u32(0)));
    },
  ],
  [opcodes.unlink, (exchanged, node) => removed(exchanged, node, false)],
  [opcodes.rmdir, (exchanged, node) => removed(exchanged, node, true)],
  [
    opcodes.rename,
    (exchanged, node) => {
      const { request, tree } = exchanged;
      return rename(
        exchanged,
        node,
        tree.nodes.get(request.u64(0)),
        request.name(8),
        secondName(request, 8),
        0,
      );
    },
  ],
  [
    opcodes.rename2,
    (exchanged, node) => {
      const { request, tree } = exchanged;
      return rename(
        exchanged,
        node,
        tree.nodes.get(request.u64(0)),
        request.name(16),
        secondName(request, 16),
        request.u32(8),
      );
    },
  ],
  [
    opcodes.link,
    (exchanged, node) => {
      const { request, tree } = exchanged;
      const [name, old] = [request.name(8), tree.nodes.get(request.u64(0))];
      if (old === undefined) return -ESTALE;
      return tree.inDirectory(node, (directory) => {
        const linked = tree.withSeen(old, (file) => tree.link(file, directory, name));
        return linked < 0 ? linked : entry(exchanged, node, name, directory);
      });
    },
  ],
  [
    opcodes.open,
    (exchanged, node) =>
      opened(
        exchanged,
        node,
        exchanged.tree.open(node, exchanged.request.u32(0) & ~(O_APPEND | O_DIRECT | O_TRUNC)),
      ),
  ],
  [opcodes.readdir, (exchanged, node) => readPage(exchanged, node, false)],
  [opcodes.readdirplus, (exchanged, node) => readPage(exchanged, node, true)],
  [opcodes.opendir, (exchanged, node) => opened(exchanged, node, exchanged.tree.openDirectory(node))],
  [
    opcodes.create,
    (exchanged, node) => {
      const { request, tree, reply } = exchanged;
      const name = request.name(16);
      const flags = request.u32(0) & ~(O_APPEND | O_DIRECT | O_DIRECTORY);
      return tree.create(node, request.uid, request.gid, (directory) => {
        const file = tree.makeFile(directory, name, flags, request.u32(4));
        if (file < 0) return file;
        const looked = tree.look(file);
        if (looked < 0) {
          calls.close(file);
          return looked;
        }
        const found = tree.nodes.found(node, name, tree.status);
        tree.nodes.open(found, file);
        reply.entry(replyHeader, found.id, tree.status, tree.seen);
        reply.opened(replyHeader + entrySize, file);
        return entrySize + openSize;
      });
    },
  ],
  [
    opcodes.read,
    ({ request, reply }, node) => {
      const file = request.u32(0);
      if (!isOpen(node, file)) return -EINVAL;
      const size = Math.min(request.u32(16), largestTransfer);
      return answered(calls.pread(file, reply.bytes.subarray(replyHeader), size, request.i64(8)));
    },
  ],
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
  [opcodes.getxattr, getValue],
  [opcodes.listxattr, listNames],
  [opcodes.setxattr, setValue],
  [opcodes.removexattr, removeValue],
  [opcodes.statfs, ({ tree, reply }) => statistics(tree, reply)],
]);

function synchronize(request: Request, node: Node): number {
  const file = request.u32(0);
  if (!isOpen(node, file)) return -EINVAL;
  return answered((request.u32(8) & 1) === 0 ? calls.fsync(file) : calls.fdatasync(file));
}

const numbers = Buffer.alloc(120);

/** struct fuse_kstatfs by statfs(2), whose structure has words of 64 bits. */
function statistics(tree: Tree, reply: Reply): number {
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
