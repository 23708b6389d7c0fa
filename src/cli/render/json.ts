/**
 * A result for programs: indented JSON and a line end. Big integers become strings, sets lists, maps objects.
 * What a terminal would obey or not show is written as \\uXXXX, which means the same to a program (RFC 8259,
 * section 7).
 */
export function renderJson(value: unknown): string {
  return `${escapeUnseen(JSON.stringify(value, replace, 2) ?? "null")}\n`;
}

/** One line of JSON, for results that come one by one (JSON Lines). */
export function renderJsonLine(value: unknown): string {
  return `${escapeUnseen(JSON.stringify(value, replace) ?? "null")}\n`;
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}

/** JSON.stringify has escaped the rest of the control characters itself. */
function escapeUnseen(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]|(?!\u200c|\u200d|[\ufe00-\ufe0f])\p{Default_Ignorable_Code_Point}/gu,
    (character) =>
      Array.from(
        { length: character.length },
        (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}
