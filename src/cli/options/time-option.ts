import { parseDuration } from "#machinefile/value/duration.ts";

/** Milliseconds of a time such as `90s`. Throws `usage`. */
export function parseMilliseconds(text: string): number {
  return parseDuration(text) * 1000;
}

/** Seconds that an engine gives a machine to shut down; -1 is for ever, as with docker. Throws `usage`. */
export function parseStopTime(text: string): number {
  return text === "-1" ? -1 : parseDuration(text);
}
