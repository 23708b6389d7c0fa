import { ENOSYS, ESTALE } from "#host/syscall/mirror-calls.ts";
import type { Exchange } from "./exchange.ts";
import { fileRequests } from "./file-requests.ts";
import { nameRequests } from "./name-requests.ts";
import { nodeRequests } from "./node-requests.ts";
import type { Node } from "./nodes.ts";
import { opcodes } from "./protocol.ts";

const handlers = new Map([...nameRequests, ...fileRequests, ...nodeRequests]);

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
