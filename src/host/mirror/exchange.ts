import type { IdRange } from "#linux/id-range.ts";
import type { Node } from "./nodes.ts";
import type { Reply, Request } from "./protocol.ts";
import type { Tree } from "./tree.ts";

/** What one request is answered from. */
export interface Exchange {
  readonly tree: Tree;
  readonly range: IdRange;
  /** Whether a decoy shows the mirror. */
  readonly isDecoy: boolean;
  readonly request: Request;
  readonly reply: Reply;
}

/** Descriptors that the engine may name are those which it was given. */
export const isOpen = (node: Node, file: number) => node.open.has(file);

/**
 * Answers a kind of request about a node: how many bytes of a reply follow its header, or a negated errno;
 * undefined for what is not answered.
 */
export type Handler = (exchange: Exchange, node: Node) => number | undefined;

/** By the numbers that FUSE has for the kinds of requests. */
export type Handlers = readonly (readonly [opcode: number, handler: Handler])[];
