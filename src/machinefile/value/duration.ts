import { invalid } from "./invalid.ts";

const seconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
/** The Engine API holds the stop timeout in a C int on some paths. */
const longest = 2 ** 31 - 1;

/**
 * A time in whole seconds: a number of seconds, or hours, minutes and seconds as Compose writes them (`90`,
 * `90s`, `1m30s`, `2h`).
 */
export function parseDuration(input: string | number): number {
  const text = String(input).trim();
  const match = /^(?:(\d+)|(?=\d)(\d+h)?(\d+m)?(\d+s)?)$/.exec(text);
  if (match === null) throw invalid("time", text, "example: 90 or 1m30s");
  const [, plain, ...parts] = match;
  let total = Number(plain ?? 0);
  for (const part of parts) {
    if (part !== undefined) total += Number(part.slice(0, -1)) * (seconds[part.slice(-1)] ?? 0);
  }
  if (total > longest) throw invalid("time", text, `example: 1m30s; at most ${longest} s`);
  return total;
}
