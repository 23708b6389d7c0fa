import { LineCounter, type Node, parseDocument, type Scalar, visit } from "yaml";
import type { Path, Problem } from "#machinefile/problem.ts";
import { interpolate, type Variables } from "./interpolate.ts";
import { indexAnchors } from "./yaml-anchor.ts";
import { aliasExcess, keyExcess, textExcess } from "./yaml-bounds.ts";
import { yamlFaults } from "./yaml-fault.ts";
import { locateNode, pathOf } from "./yaml-path.ts";

export interface Located {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly path: Path;
  readonly message: string;
  readonly suggestion?: string;
}

interface YamlSource {
  /** The content as plain data; undefined when the YAML itself is at fault. */
  readonly content: unknown;
  readonly faults: readonly Located[];
  /**
   * Finds where a problem of the content was written; undefined when it merely follows from a fault that is
   * known already.
   */
  readonly locate: (problem: Problem) => Located | undefined;
}

/** So many faults of variables in one text are named. */
const mostReasons = 20;

/**
 * Reads one YAML 1.2 document, with anchors and merge keys, and puts variables into its values (not its
 * keys). One that is deeper, or longer, or expands to more than any that is written to be read is at fault
 * before it is parsed. Numbers keep their digits: one that is not written in its shortest form (`1.10`,
 * `007`) stays the text it was.
 */
export function parseYaml(text: string, variables: Variables): YamlSource {
  const excess = textExcess(text);
  if (excess !== undefined)
    return { content: undefined, faults: [{ path: [], ...excess }], locate: () => undefined };
  const lines = new LineCounter();
  // Keys that are given twice are found below: yaml compares each with all before it.
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    logLevel: "error",
    uniqueKeys: false,
  });
  const at = (offset: number, path: Path, message: string, suggestion?: string): Located => {
    const { line, col } = lines.linePos(offset);
    return {
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      path,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  };
  const resolve = indexAnchors(document);
  const found = yamlFaults(document, resolve);
  const longKey = keyExcess(document, resolve);
  if (longKey !== undefined) found.push({ ...longKey, path: [], fatal: true });
  const faults = found.map((fault) => at(fault.offset, fault.path, fault.message));
  const spoiled = new Set<Node>();
  visit(document, {
    Scalar(key, node, ancestors) {
      keepDigits(node, key === "key");
      if (key === "key" || typeof node.value !== "string") return;
      const { text: value, faults: reasons } = interpolate(node.value, variables);
      node.value = value;
      if (reasons.length === 0) return;
      const path = pathOf(key, ancestors);
      // One text may hold thousands.
      for (const each of reasons.slice(0, mostReasons)) faults.push(at(node.range?.[0] ?? 0, path, each));
      spoiled.add(node);
    },
  });
  const locate = (problem: Problem): Located | undefined => {
    const { offset, node } = locateNode(document, resolve, problem.path, problem.target);
    return node !== undefined && spoiled.has(node)
      ? undefined
      : at(offset, problem.path, problem.message, problem.suggestion);
  };
  // With what variables have made of the texts.
  const expanded = aliasExcess(document, resolve);
  if (expanded !== undefined) faults.push(at(expanded.offset, [], expanded.message));
  if (expanded !== undefined || found.some((fault) => fault.fatal))
    return { content: undefined, faults, locate };
  // What they expand to is counted above, merges too, which yaml's own bound leaves out.
  return { content: document.toJS({ maxAliasCount: -1 }), faults, locate };
}

/**
 * Keeps what a number or a boolean was written as where its value would be shown differently; of a key
 * always.
 */
function keepDigits(node: Scalar, isKey: boolean): void {
  const { value, source } = node;
  if (source === undefined || typeof value === "string" || typeof value === "symbol") return;
  if (isKey || (value !== null && String(value) !== source)) node.value = source;
}
