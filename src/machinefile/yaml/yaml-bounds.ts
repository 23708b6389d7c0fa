import {
  type Document,
  isAlias,
  isCollection,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  visit,
} from "yaml";
import type { ResolveAlias } from "./yaml-anchor.ts";

/*
 * Bounds for untrusted files. The time that YAML takes grows faster than its text: with depth, number of
 * tokens and expanded aliases. Files that people or programs write stay far below these bounds.
 */

const deepest = 50;
/** A machine in one line has some ten. */
const mostTokens = 50_000;
/**
 * Of all aliases and merges together, each with what it stands for; and of all machines, each with what it
 * has of the defaults.
 */
export const mostExpanded = 200_000;
/** So much of a text is as much as a value. */
const textOfValue = 100;
/** A path has a key's text once more for each fault below it. */
const longestKey = 1024;

interface Excess {
  readonly offset: number;
  readonly message: string;
}

/**
 * Why a text is too deep or too long to be parsed, and where, from 1; looks no further than that. Undefined
 * when it is neither.
 */
export function textExcess(
  text: string,
): { readonly line: number; readonly column: number; readonly message: string } | undefined {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const excess = findExcess(text, parser);
  if (excess === undefined) return undefined;
  const { line, col } = lines.linePos(excess.offset);
  return { line, column: col, message: excess.message };
}

function findExcess(text: string, parser: Parser): Excess | undefined {
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    // What is given out is whole documents, of which only the depth on the way to them matters here.
    for (const _token of parser.next(lexeme));
    if (parser.stack.length > deepest)
      return { offset: parser.offset, message: `maps and lists nested more than ${deepest} deep` };
    tokens += 1;
    if (tokens > mostTokens) {
      return {
        offset: parser.offset,
        message: `file too long: up to here ${mostTokens} words and marks of YAML`,
      };
    }
  }
  return undefined;
}

/** Where the aliases of a document have come to stand for too much; undefined when they do not. */
export function aliasExcess(document: Document, resolve: ResolveAlias): Excess | undefined {
  const sizes = new Map<unknown, number>();
  const sizeOf = (node: unknown): number => {
    const known = sizes.get(node);
    if (known !== undefined) return known;
    // Ignore a cycle here: it is reported as another problem.
    sizes.set(node, 0);
    let size = 1;
    if (isAlias(node)) size += sizeOf(resolve(node));
    else if (isPair(node)) size += sizeOf(node.value) + sizeOf(node.key) - 1;
    else if (isScalar(node)) size = textSize(node.value);
    else if (isCollection(node)) for (const item of node.items) size += sizeOf(item);
    sizes.set(node, size);
    return size;
  };
  let expanded = 0;
  let excess: Excess | undefined;
  visit(document, {
    Alias(_key, alias) {
      expanded += sizeOf(alias);
      if (expanded <= mostExpanded) return undefined;
      excess = {
        offset: alias.range?.[0] ?? 0,
        message: `aliases expand to too much: up to here ${mostExpanded} values`,
      };
      return visit.BREAK;
    },
  });
  return excess;
}

/** What a text counts among values. */
export function textSize(value: unknown): number {
  return typeof value === "string" ? 1 + Math.floor(value.length / textOfValue) : 1;
}

/** Where a key is longer than any that means something; undefined when none is. */
export function keyExcess(document: Document, resolve: ResolveAlias): Excess | undefined {
  let excess: Excess | undefined;
  visit(document, {
    Pair(_key, { key }) {
      const behind = isAlias(key) ? resolve(key) : key;
      if (!isScalar(behind) || String(behind.value).length <= longestKey) return undefined;
      excess = {
        offset: (isAlias(key) ? key : behind).range?.[0] ?? 0,
        message: `key too long: more than ${longestKey} characters`,
      };
      return visit.BREAK;
    },
  });
  return excess;
}
