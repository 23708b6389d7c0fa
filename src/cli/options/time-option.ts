import { parseDuration } from "#machinefile/value/duration.ts";

/** Milliseconds of a time such as `90s`. Throws `usage`. */
export function parseMilliseconds(text: string): number {
  return parseDuration(text) * 1000;
}

/** Seconds that an engine gives a machine to shut down; -1 is for ever, as with docker. Throws `usage`. */
export function parseStopTime(text: string): number {
  return text === "-1" ? -1 : parseDuration(text);
}

/** `docker stop`'s and `docker compose down`'s. */
export const stopTimeoutOption = {
  short: "t",
  value: "SECONDS",
  description: "time to shut down before it is killed; -1 waits for ever",
  parse: parseStopTime,
} as const;

/** `docker compose up`'s; of commands that wait for a boot. Milliseconds. */
export const waitTimeoutOption = {
  value: "TIME",
  description: "longest boot of a machine (example: 90s)",
  default: "120s",
  parse: parseMilliseconds,
} as const;
