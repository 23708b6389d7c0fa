import { type Alias, type Document, isAlias, type Node, visit } from "yaml";

/** The node behind an alias; undefined when there is none. */
export type ResolveAlias = (alias: Alias) => Node | undefined;

/**
 * Resolves a document's aliases after one walk through it; each alias's own `resolve` would walk through it
 * again.
 */
export function indexAnchors(document: Document): ResolveAlias {
  const latest = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = latest.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) latest.set(node.anchor, node);
    },
  });
  return (alias) => targets.get(alias);
}
