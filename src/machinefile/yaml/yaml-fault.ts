import { type Document, isAlias, isMap, isScalar, isSeq, type Pair, visit, type YAMLParseError } from "yaml";
import type { Path } from "#machinefile/problem.ts";
import type { ResolveAlias } from "./yaml-anchor.ts";
import { isMerge, keyText, pathOf } from "./yaml-path.ts";

interface YamlFault {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
  /** Whether the content cannot be judged any further. */
  readonly fatal: boolean;
}

/**
 * All faults of the YAML itself: syntax, duplicate keys, unknown tags, keys other than text, and unresolved
 * aliases and merges.
 */
export function yamlFaults(document: Document.Parsed, resolve: ResolveAlias): YamlFault[] {
  const faults: YamlFault[] = [];
  const known = new Map<unknown, Set<unknown>>();
  visit(document, {
    Pair(_key, pair, ancestors) {
      const fault = pairFault(pair, resolve);
      const isDouble = isKnown(known, ancestors.at(-1), pair);
      if (fault === undefined && !isDouble) return;
      const where = { offset: rangeStart(pair.key) ?? 0, path: [...pathOf(null, ancestors), keyText(pair)] };
      if (isDouble) faults.push({ ...where, message: "duplicate key", fatal: false });
      if (fault !== undefined) faults.push({ ...where, message: fault, fatal: true });
    },
    Alias(key, alias, ancestors) {
      const target = resolve(alias);
      const where = { offset: rangeStart(alias) ?? 0, path: pathOf(key, ancestors), fatal: true };
      if (target === undefined)
        faults.push({
          ...where,
          message: `unknown anchor &${alias.source} (an anchor stands before its aliases)`,
        });
      else if (ancestors.includes(target))
        faults.push({ ...where, message: `alias *${alias.source} within its own anchor &${alias.source}` });
    },
  });
  const parsed = [...document.errors, ...document.warnings].map(
    (error): YamlFault => ({
      offset: error.pos[0],
      path: [],
      message: describe(error),
      fatal: error.name === "YAMLParseError",
    }),
  );
  return [...parsed, ...faults];
}

/** Whether a map has had the key of a pair before; `known` are the keys of each map so far. */
function isKnown(known: Map<unknown, Set<unknown>>, map: unknown, { key }: Pair): boolean {
  if (!isScalar(key)) return false;
  const keys = known.get(map) ?? new Set();
  known.set(map, keys);
  if (keys.has(key.value)) return true;
  keys.add(key.value);
  return false;
}

function describe(error: Pick<YAMLParseError, "code" | "message">): string {
  if (error.code === "MULTIPLE_DOCS") return "second YAML document (a file holds one)";
  return error.message;
}

function pairFault(pair: Pair, resolve: ResolveAlias): string | undefined {
  const behind = (node: unknown): unknown => (isAlias(node) ? resolve(node) : node);
  const key = behind(pair.key);
  // Ignore an unresolved alias here: it is reported as another fault.
  if (!isScalar(key) && key !== undefined) return "invalid key (plain text; example: web)";
  if (!isMerge(pair)) return undefined;
  const source = behind(pair.value);
  const sources = isSeq(source) ? source.items.map(behind) : [source];
  return sources.every((item) => item === undefined || isMap(item))
    ? undefined
    : "invalid merge (a map, or a list of maps; example: <<: *base)";
}

function rangeStart(node: unknown): number | undefined {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)
    ? node.range[0]
    : undefined;
}
