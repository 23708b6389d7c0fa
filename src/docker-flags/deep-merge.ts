import { isJsonObject } from "#json-object.ts";
/** Merges two values: lists are concatenated, objects merged key by key; otherwise the later value wins. */
export function mergeDeep<T extends object>(earlier: T, later: T): T {
  return join(earlier, later) as T;
}

function join(earlier: unknown, later: unknown): unknown {
  if (Array.isArray(earlier) && Array.isArray(later)) return [...earlier, ...later];
  if (!isJsonObject(earlier) || !isJsonObject(later)) return later;
  // Not by assignment, to which a key such as "__proto__" would mean something else.
  const entries = Object.entries(later).map(
    ([key, value]) => [key, Object.hasOwn(earlier, key) ? join(earlier[key], value) : value] as const,
  );
  return Object.fromEntries([...Object.entries(earlier), ...entries]);
}
