/** A result for programs: indented JSON and a line end. Big integers become strings, sets lists, maps objects. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, replace, 2) ?? "null"}\n`;
}

/** One line of JSON, for results that come one by one (JSON Lines). */
export function renderJsonLine(value: unknown): string {
  return `${JSON.stringify(value, replace) ?? "null"}\n`;
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}
