import { usageError } from "#usage.ts";

const span = /^-?((?:\d+(?:w|d|h|min|m|s))+)$/;
const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
const local = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?$/;
const unix = /^@\d+(\.\d+)?$/;

/**
 * A time as `journalctl --since` takes it (systemd.time(7)), out of that or of docker's `10m` for ten minutes
 * ago and RFC 3339.
 */
export function journalTime(text: string): string {
  const [, ago] = span.exec(text) ?? [];
  if (ago !== undefined) return `-${ago}`;
  return zoned.test(text) && !Number.isNaN(Date.parse(text)) ? `@${Date.parse(text) / 1000}` : text;
}

/**
 * The same times as Unix time in seconds, for the engine's log: spans, RFC 3339, our local date and time,
 * `@SECONDS`, today, yesterday, now. Throws `usage`.
 */
export function unixTime(text: string, now: Date): number {
  const [, ago] = span.exec(text.replace(/ ago$/, "")) ?? [];
  if (ago !== undefined) return now.getTime() / 1000 - spanSeconds(ago);
  if (unix.test(text)) return Number(text.slice(1));
  if (text === "now") return now.getTime() / 1000;
  if (text === "today" || text === "yesterday") {
    return (
      new Date(now.getFullYear(), now.getMonth(), now.getDate() - (text === "today" ? 0 : 1)).getTime() / 1000
    );
  }
  // A date alone is read as UTC unless a time follows it.
  const time = zoned.test(text)
    ? Date.parse(text)
    : local.test(text)
      ? Date.parse(`${text.replace(" ", "T")}${text.length === 10 ? "T00:00" : ""}`)
      : Number.NaN;
  if (Number.isNaN(time))
    throw usageError(`invalid time "${text}" (examples: 10m, 2h, today, 2030-01-31, "2030-01-31 12:00")`);
  return time / 1000;
}

const unitSeconds: Readonly<Record<string, number>> = {
  w: 604_800,
  d: 86_400,
  h: 3600,
  min: 60,
  m: 60,
  s: 1,
};

function spanSeconds(text: string): number {
  return [...text.matchAll(/(\d+)([a-z]+)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ""] ?? 0),
    0,
  );
}
