import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";
import { cut, type Path, type Problem } from "#machinefile/problem.ts";
import type { ResolveAlias } from "./yaml-anchor.ts";

type Ancestors = readonly (Document | Node | Pair)[];

/** The path of a node that yaml's `visit` hands over with its key and ancestors. */
export function pathOf(key: number | "key" | "value" | null, ancestors: Ancestors): Path {
  const path: (string | number)[] = [];
  for (const [depth, ancestor] of ancestors.entries()) {
    if (isPair(ancestor)) path.push(keyText(ancestor));
    const next = ancestors[depth + 1];
    if (isSeq(ancestor) && next !== undefined) path.push(ancestor.items.indexOf(next));
  }
  if (typeof key === "number" && isSeq(ancestors.at(-1))) path.push(key);
  return path;
}

/** A pair's key as the text it was written as; `<<` for a merge. */
export function keyText(pair: Pair): string {
  if (!isScalar(pair.key)) return writtenKey(pair);
  return typeof pair.key.value === "string" ? pair.key.value : (pair.key.source ?? String(pair.key.value));
}

/** A key that is not text: its text would be in every path through it, and may be long. */
const writtenKeys = new WeakMap<Pair, string>();

function writtenKey(pair: Pair): string {
  const text = writtenKeys.get(pair) ?? cut(String(pair.key));
  writtenKeys.set(pair, text);
  return text;
}

/** Whether a pair merges another map into its own (`<<: *anchor`). */
export function isMerge(pair: Pair): boolean {
  return isScalar(pair.key) && typeof pair.key.value === "symbol";
}

/**
 * Where a path of the content is written: the deepest part of it that exists, through aliases and merges.
 * `node` is the scalar behind the whole path, if there is one.
 */
export function locateNode(
  document: Document,
  resolve: ResolveAlias,
  path: Path,
  target: Problem["target"],
): { offset: number; node: Node | undefined } {
  let current: unknown = document.contents;
  let offset = 0;
  for (const [depth, part] of path.entries()) {
    const step = childOf(resolve, deref(resolve, current), part);
    if (step === undefined) return { offset, node: undefined };
    const keyOnly = target === "key" && depth === path.length - 1;
    // The value of a map or list may start lines below its key.
    const onValue = !keyOnly && (step.key === undefined || isScalar(step.value) || isAlias(step.value));
    offset = startOf(onValue ? step.value : step.key) ?? offset;
    current = step.value;
  }
  return { offset, node: target === "value" ? deref(resolve, current) : undefined };
}

function childOf(
  resolve: ResolveAlias,
  node: Node | undefined,
  part: string | number,
): { key?: unknown; value: unknown } | undefined {
  if (isSeq(node))
    return typeof part === "number" && part < node.items.length ? { value: node.items[part] } : undefined;
  return isMap(node) ? findPair(resolve, node, String(part)) : undefined;
}

function findPair(resolve: ResolveAlias, map: YAMLMap, key: string): Pair | undefined {
  const own = map.items.findLast((pair) => !isMerge(pair) && keyText(pair) === key);
  if (own !== undefined) return own;
  for (const merge of map.items.filter(isMerge)) {
    const source = deref(resolve, merge.value);
    for (const item of isSeq(source) ? source.items : [source]) {
      const merged = deref(resolve, item);
      const found = isMap(merged) ? findPair(resolve, merged, key) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function deref(resolve: ResolveAlias, node: unknown): Node | undefined {
  if (isAlias(node)) return resolve(node);
  return isNode(node) ? node : undefined;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
