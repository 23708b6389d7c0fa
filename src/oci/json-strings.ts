/**
 * All decoded strings of a JSON text in order, names of members included, at any depth. For untrusted texts,
 * whose structure parsers disagree on: Go's encoding/json merges duplicate members, and matches names in any
 * letter case. A lone surrogate stays as it is; Go replaces it by U+FFFD. Takes one pass for any text. Throws
 * SyntaxError.
 */
export function* jsonStrings(json: string): Generator<string, void> {
  for (let open = json.indexOf('"'); open !== -1; ) {
    let close = json.indexOf('"', open + 1);
    while (close !== -1 && isEscaped(json, close)) close = json.indexOf('"', close + 1);
    if (close === -1) throw new SyntaxError("unterminated string in JSON");
    yield JSON.parse(json.slice(open, close + 1)) as string;
    open = json.indexOf('"', close + 1);
  }
}

/** Whether an odd number of backslashes stands before this place; the string's own quote ends them. */
function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}
