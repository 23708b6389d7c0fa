/**
 * JSON as runtimes write it: 64-bit integers (an unlimited rlimit is 18446744073709551615) survive the way through
 * JavaScript's doubles, as strings that no JSON of a runtime can hold: NUL is in no argument, path or variable.
 */
const longInteger = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
const mark = "\u0000integer:";
const marked = /"\\u0000integer:(-?\d+)"/g;

/** Parses config.json. Throws SyntaxError. */
export function parseConfig(text: string): unknown {
  return JSON.parse(text.replace(longInteger, (token) => (token.startsWith('"') ? token : JSON.stringify(mark + token))));
}

/** Renders what `parseConfig` gave, long integers as they were. */
export function renderConfig(config: unknown): string {
  return JSON.stringify(config).replace(marked, "$1");
}
