import { invalid } from "#machinefile/value/invalid.ts";
import { suggest } from "#suggest.ts";

/** A boolean, as Go's strconv.ParseBool parses it. */
export function parseBoolean(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw invalid("value", text, "true or false");
}

/** A decimal integer within bounds. Refuses a leading zero, which docker parses as octal. */
export function parseInteger(
  text: string,
  least = Number.MIN_SAFE_INTEGER,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const number = /^[+-]?(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw invalid("value", text, "must be an integer; example: 10");
  if (number < least) throw invalid("value", text, `must be an integer ≥ ${least}`);
  if (number > most) throw invalid("value", text, `must be an integer ≤ ${most}`);
  return number;
}

/** Nanoseconds in Go's units of time. */
const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/**
 * A duration in nanoseconds, as Go's time.ParseDuration parses it: `1m30s`, `1.5h`, `100ms`. Not negative.
 */
export function parseNanoseconds(text: string): number {
  if (/^[+-]?0$/.test(text)) return 0;
  const parts = [...text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (text === "" || parts.map(([whole]) => whole).join("") !== text.replace(/^\+/, "")) {
    throw invalid("duration", text, "example: 90s, 1m30s or 500ms");
  }
  const total = parts.reduce(
    (sum, [, number, unit = ""]) => sum + Number(number) * (units[unit] ?? Number.NaN),
    0,
  );
  if (!Number.isSafeInteger(Math.round(total)))
    throw invalid("duration", text, "example: 90s; at most about 104 days");
  return Math.round(total);
}

/** One of some words. */
export function parseChoice<T extends string>(text: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === text);
  if (choice !== undefined) return choice;
  const named = choices.filter((known) => known !== "").join(", ");
  throw invalid("value", text, `one of: ${named}`, suggest(text, choices));
}

/** The texts before and after the first `=`; without one, the second is empty. */
export function splitAssignment(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** `KEY=VALUE`, or `KEY` for an empty value, as a record of one. */
export function parseEntry(text: string): Readonly<Record<string, string>> {
  const [key, value] = splitAssignment(text);
  if (key === "") throw invalid("entry", text, "example: NAME=VALUE");
  return { [key]: value };
}
