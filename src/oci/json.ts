/**
 * JSON as runtimes write it: 64-bit integers (an unlimited rlimit is 18446744073709551615) survive the way
 * through JavaScript's doubles, as strings that no JSON of a runtime can hold: NUL is in no argument, path or
 * variable.
 */
const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const longInteger = /^-?[1-9]\d{15,}$/;
/**
 * A long number outside of a string, or something inside of one that looks so: most configs have neither and
 * are parsed as they are.
 */
const perhapsLong = /(?:^|[\s:,[])-?\d{16}/;
const mark = "\u0000integer:";
const marked = /"\\u0000integer:(-?\d+)"/g;

/** Parses config.json. Throws SyntaxError. */
export function parseConfig(text: string): unknown {
  if (!perhapsLong.test(text)) return JSON.parse(text);
  return JSON.parse(
    text.replace(token, (found) => (longInteger.test(found) ? JSON.stringify(mark + found) : found)),
  );
}

/** Renders what `parseConfig` gave, long integers as they were. */
export function renderConfig(config: unknown, indent?: string): string {
  return JSON.stringify(config, undefined, indent).replace(marked, "$1");
}
