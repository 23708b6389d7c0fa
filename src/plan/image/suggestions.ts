import { suggest } from "#suggest.ts";

/**
 * The names that may have been meant by one that is not there: those a slip away, nearest first, then those
 * that go on where it ends.
 */
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
