import type { IdRange } from "#linux/id-range.ts";
import type { Node } from "./nodes.ts";
import type { Reply, Request } from "./protocol.ts";
import type { Tree } from "./tree.ts";

/** What one request is answered from. */
export interface Exchange {
  readonly tree: Tree;
  readonly range: IdRange;
  readonly request: Request;
  readonly reply: Reply;
}

/** Descriptors that the engine may name are those which it was given. */
export const isOpen = (node: Node, file: number) => node.open.has(file);
