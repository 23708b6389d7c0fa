import { constants } from "node:fs";
import { calls, ESTALE } from "#host/syscall/mirror-calls.ts";
import type { Exchange, Handlers } from "./exchange.ts";
import type { Node } from "./nodes.ts";
import { entrySize, opcodes, openSize, type Request, replyHeader } from "./protocol.ts";

const { O_APPEND, O_DIRECT, O_DIRECTORY } = constants;
/** renameat2(2) */
const exchange = 2;

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

/** `namesAt` is where the old name begins, which the new one follows. */
function rename({ request, tree }: Exchange, from: Node, namesAt: number, flags: number): number {
  const to = tree.nodes.get(request.u64(0));
  const [oldName, newName] = [request.name(namesAt), secondName(request, namesAt)];
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

/** The second of two adjacent names. */
const secondName = (request: Request, at: number) => request.name(at + request.name(at).length + 1);

/** What looks for, makes, moves and removes names in a directory. */
export const nameRequests: Handlers = [
  [
    opcodes.lookup,
    (exchanged, node) => {
      const name = exchanged.request.name(0);
      return exchanged.tree.inDirectory(node, (directory) => entry(exchanged, node, name, directory));
    },
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
  [opcodes.rename, (exchanged, node) => rename(exchanged, node, 8, 0)],
  [opcodes.rename2, (exchanged, node) => rename(exchanged, node, 16, exchanged.request.u32(8))],
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
];
