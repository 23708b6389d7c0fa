/**
 * All strings of a JSON text, names of members among them, decoded, in their order, whatever they are in. For
 * texts of strangers whose structure readers take differently: of two members of one name encoding/json of Go
 * merges the values, and knows its own names in any case. A lone surrogate stays what it is here; Go makes
 * U+FFFD of it. One pass, however the text is made. Throws SyntaxError.
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
