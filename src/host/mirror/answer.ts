import { constants } from "node:fs";
import type { IdRange } from "../../oci/user-namespace.ts";
import { answered, calls, EAGAIN, EINVAL, ENOSYS, ERANGE, ESTALE } from "./calls.ts";
import { directoryPage } from "./directory.ts";
import { attributeMeant, attributeSeen } from "./ids.ts";
import { type Node, rootId } from "./nodes.ts";
import { byHandle, entrySize, largestTransfer, opcodes, openSize, type Reply, type Request, replyHeader, setting } from "./protocol.ts";
import { pathOf, type Tree, text } from "./tree.ts";

const { O_APPEND, O_DIRECT, O_DIRECTORY, O_TRUNC, O_WRONLY } = constants;
/** renameat2(2) */
const exchange = 2;
/** utimensat(2) */
const [timeNow, timeKept] = [0x3fff_ffff, 0x3fff_fffe];

/** What one request is answered from. */
export interface Exchange {
  readonly tree: Tree;
  readonly range: IdRange;
  readonly request: Request;
  readonly reply: Reply;
}

/**
 * Answers one request: how many bytes of a reply follow its header, or a negated errno; undefined for what is not answered.
 * `-EAGAIN` says that somebody has a lease on the file (fcntl(2), F_SETLEASE), which the kernel takes from him in a while.
 */
export function answer(exchanged: Exchange): number | undefined {
  const { request, tree } = exchanged;
  const handler = handlers.get(request.opcode);
  if (handler === undefined) return -ENOSYS;
  const node = tree.nodes.get(request.node);
  return node === undefined ? (unnamed.has(request.opcode) ? handler(exchanged, nowhere) : -ESTALE) : handler(exchanged, node);
}

type Handler = (exchange: Exchange, node: Node) => number | undefined;

/** Requests about no node. */
const unnamed: ReadonlySet<number> = new Set([opcodes.init, opcodes.batchForget, opcodes.interrupt, opcodes.destroy, opcodes.statfs]);
const nowhere: Node = { id: 0, parent: undefined, name: "", inode: 0n, lookups: 0, open: new Set() };

/** The entry of a name that was just found or made, for the kernel to know. */
function entry({ tree, reply }: Exchange, parent: Node, name: string, directory: number): number {
  const looked = tree.lookAt(directory, name);
  if (looked < 0) {
    tree.nodes.gone(parent, name);
    return looked;
  }
  reply.entry(replyHeader, tree.nodes.found(parent, name, tree.status.inode).id, tree.status, tree.seen);
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
  if (tree.nodes.get(node.id) === node) node.open.add(file);
  reply.opened(replyHeader, file);
  return openSize;
}

function closed({ request }: Exchange, node: Node): number {
  const file = request.u32(0);
  node.open.delete(file);
  return Math.min(0, answered(calls.close(file)));
}

/** Descriptors that the engine may name are those which it was given. */
const isOpen = (node: Node, file: number) => node.open.has(file);

/**
 * An engine that was started anew makes sure of the directory that it is about to mount at, which it keeps for itself (overlay2 in moby).
 * What is mounted there already is the machine's root, which nobody could use any more.
 */
const isPlaceMode = (node: Node, mode: number) => node.id === rootId && mode === 0o700;

function setAttributes(exchanged: Exchange, node: Node): number {
  const { tree, request, reply } = exchanged;
  const valid = request.u32(0);
  const mode = request.u32(68) & 0o7777;
  const has = (bit: number) => (valid & bit) !== 0;
  const change = (file: number): number => {
    const steps = [
      () =>
        has(setting.uid | setting.gid)
          ? tree.own(file, has(setting.uid) ? request.u32(76) : undefined, has(setting.gid) ? request.u32(80) : undefined)
          : 0,
      () => (has(setting.mode) && !isPlaceMode(node, mode) ? answered(calls.chmod(pathOf(file), mode)) : 0),
      () => (has(setting.size) ? truncate(exchanged, node, file) : 0),
      () => (has(setting.atime | setting.mtime) ? setTimes(exchanged, file, valid) : 0),
      () => tree.look(file),
    ];
    for (const step of steps) {
      const result = step();
      if (result < 0) return result;
    }
    return reply.attributes(tree.status, tree.seen);
  };
  return tree.withFile(node, change);
}

/** By a descriptor that may be written to: truncate(2) would wait for whoever has a lease. */
function truncate({ tree, request }: Exchange, node: Node, file: number): number {
  const named = (request.u32(0) & setting.handle) !== 0 && isOpen(node, request.u32(8)) ? request.u32(8) : undefined;
  const writable = named ?? tree.reopen(file, O_WRONLY);
  if (writable < 0) return writable;
  const result = answered(calls.ftruncate(writable, request.i64(16)));
  if (named === undefined) calls.close(writable);
  return result;
}

const times = new BigInt64Array(4);

function setTimes({ request }: Exchange, file: number, valid: number): number {
  for (const [index, [given, now, seconds, nanoseconds]] of (
    [
      [setting.atime, setting.atimeNow, 32, 56],
      [setting.mtime, setting.mtimeNow, 40, 60],
    ] as const
  ).entries()) {
    times[2 * index] = request.i64(seconds);
    times[2 * index + 1] = BigInt((valid & now) !== 0 ? timeNow : (valid & given) !== 0 ? request.u32(nanoseconds) : timeKept);
  }
  return answered(calls.utimensat(file, text(""), times, 0x1000));
}

function rename({ tree }: Exchange, from: Node, to: Node | undefined, oldName: string, newName: string, flags: number): number {
  if (to === undefined) return -ESTALE;
  const result = tree.inDirectory(from, (source) => tree.inDirectory(to, (target) => tree.rename(source, oldName, target, newName, flags)));
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

/** Puts a value, or with no room for it its length alone, into a reply (getxattr(2)). */
function value({ request, reply }: Exchange, bytes: Uint8Array): number {
  const room = request.u32(0);
  if (room === 0) {
    reply.bytes.fill(0, replyHeader, replyHeader + 8);
    reply.view.setUint32(replyHeader, bytes.length, true);
    return 8;
  }
  if (room < bytes.length) return -ERANGE;
  reply.bytes.set(bytes, replyHeader);
  return bytes.length;
}

/** No value is larger (XATTR_SIZE_MAX, XATTR_LIST_MAX in linux/limits.h). */
const scratch = Buffer.alloc(65_536);

function readValue(exchanged: Exchange, node: Node, read: (file: number) => number, seen: (bytes: Uint8Array) => Uint8Array): number {
  return exchanged.tree.withFile(node, (file) => {
    const length = read(file);
    return length < 0 ? length : value(exchanged, seen(scratch.subarray(0, length)));
  });
}

function setValue({ tree, request, range }: Exchange, node: Node): number {
  const name = request.name(8);
  const from = 8 + name.length + 1;
  const meant = attributeMeant(range, name, request.rest(from).subarray(0, request.u32(0)));
  if (meant === undefined) return -EINVAL;
  // An address is wanted also of what is empty.
  const bytes = Buffer.concat([meant, Buffer.alloc(1)]);
  return tree.withFile(node, (file) => answered(calls.setxattr(pathOf(file), text(name, 1), bytes, meant.length, request.u32(4))));
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

const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [opcodes.init, ({ request, reply }) => (request.u32(0) < 7 ? -EINVAL : reply.init(request.u32(12)))],
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
      for (let index = 0; index < request.u32(0); index += 1) tree.nodes.forget(request.u64(8 + 16 * index), request.u64(16 + 16 * index));
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
      tree.withFile(node, (file) => answered(calls.readlinkat(file, text(""), reply.bytes.subarray(replyHeader), 4096))),
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
      return made(exchanged, node, name, (directory) => tree.makeNode(directory, name, request.u32(0), request.u32(4)));
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
      return rename(exchanged, node, tree.nodes.get(request.u64(0)), request.name(8), secondName(request, 8), 0);
    },
  ],
  [
    opcodes.rename2,
    (exchanged, node) => {
      const { request, tree } = exchanged;
      return rename(exchanged, node, tree.nodes.get(request.u64(0)), request.name(16), secondName(request, 16), request.u32(8));
    },
  ],
  [
    opcodes.link,
    (exchanged, node) => {
      const { request, tree } = exchanged;
      const [name, old] = [request.name(8), tree.nodes.get(request.u64(0))];
      if (old === undefined) return -ESTALE;
      return tree.inDirectory(node, (directory) => {
        const linked = tree.withFile(old, (file) => tree.link(file, directory, name));
        return linked < 0 ? linked : entry(exchanged, node, name, directory);
      });
    },
  ],
  [
    opcodes.open,
    (exchanged, node) => opened(exchanged, node, exchanged.tree.open(node, exchanged.request.u32(0) & ~(O_APPEND | O_DIRECT | O_TRUNC))),
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
        const found = tree.nodes.found(node, name, tree.status.inode);
        found.open.add(file);
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
      const written = bytes.length === 0 ? 0 : answered(calls.pwrite(file, bytes, bytes.length, request.i64(8)));
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
      return isOpen(node, file) ? answered(calls.fallocate(file, request.u32(24), request.i64(8), request.i64(16))) : -EINVAL;
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
  [
    opcodes.getxattr,
    (exchanged, node) => {
      const name = exchanged.request.name(8);
      const read = (file: number) => answered(calls.getxattr(pathOf(file), text(name, 1), scratch, scratch.length));
      return readValue(exchanged, node, read, (bytes) => attributeSeen(exchanged.range, name, bytes));
    },
  ],
  [
    opcodes.listxattr,
    (exchanged, node) =>
      readValue(
        exchanged,
        node,
        (file) => answered(calls.listxattr(pathOf(file), scratch, scratch.length)),
        (bytes) => bytes,
      ),
  ],
  [opcodes.setxattr, setValue],
  [
    opcodes.removexattr,
    ({ tree, request }, node) => tree.withFile(node, (file) => answered(calls.removexattr(pathOf(file), text(request.name(0), 1)))),
  ],
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
  for (const [index, at] of [8, 64, 72].entries()) reply.view.setUint32(replyHeader + 40 + 4 * index, numbers.readUInt32LE(at), true);
  return 80;
}

export const again = -EAGAIN;
