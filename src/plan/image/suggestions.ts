import { suggest } from "#suggest.ts";

/** Suggestions for an unknown name: first similar names, the nearest first, then names that begin with it. */
export function findSuggestions(word: string, names: readonly string[]): readonly string[] {
  // People leave `:latest` out, so it must not count as seven mistakes.
  let rest = [...new Set(names.map((name) => name.replace(/:latest$/, "")))];
  const found: string[] = [];
  for (let next = suggest(word, rest); next !== undefined; next = suggest(word, rest)) {
    found.push(next);
    rest = rest.filter((name) => name !== next);
  }
  return [...found, ...rest.filter((name) => word !== "" && name.startsWith(word.toLowerCase()))];
}
