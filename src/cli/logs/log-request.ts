import { usageError } from "#usage.ts";
import { journalTime, unixTime } from "./log-time.ts";

/** What is asked of machines' logs. */
export interface LogRequest {
  readonly follow: boolean;
  readonly lines: number | "all" | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly timestamps: boolean;
  readonly unit: readonly string[];
  readonly priority: string | undefined;
  readonly grep: string | undefined;
  readonly boot: boolean;
  readonly bootId: string | undefined;
  readonly output: string | undefined;
  readonly noHostname: boolean;
  /** JSON lines. */
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * The command that shows a machine's journal: journalctl(1). Values stand behind "=", so that none is taken
 * for an option.
 */
export function journalCommand(request: LogRequest): readonly string[] {
  const { lines, since, until, priority, grep, bootId } = request;
  const output = request.json
    ? "json"
    : (request.output ?? (request.timestamps ? "short-iso-precise" : undefined));
  return [
    "journalctl",
    "--no-pager",
    ...(request.quiet || request.json ? ["--quiet"] : []),
    ...(request.follow ? ["--follow"] : []),
    ...request.unit.map((unit) => `--unit=${unit}`),
    ...(lines === undefined ? [] : [`--lines=${lines}`]),
    ...(since === undefined ? [] : [`--since=${journalTime(since)}`]),
    ...(until === undefined ? [] : [`--until=${journalTime(until)}`]),
    ...(priority === undefined ? [] : [`--priority=${priority}`]),
    ...(grep === undefined ? [] : [`--grep=${grep}`]),
    ...(bootId === undefined ? (request.boot ? ["--boot"] : []) : [`--boot=${bootId}`]),
    ...(output === undefined ? [] : [`--output=${output}`]),
    ...(request.noHostname ? ["--no-hostname"] : []),
  ];
}

/**
 * What the engine is asked for a machine's console; as journalctl, following begins with the last ten lines.
 * Throws `usage`.
 */
export function consoleQuery(request: LogRequest, now: Date) {
  const { follow, lines, since, until } = request;
  const tail = lines ?? (follow && since === undefined ? 10 : "all");
  return {
    follow,
    timestamps: request.timestamps || request.json,
    ...(tail !== "all" && { tail }),
    ...(since !== undefined && { since: unixTime(since, now) }),
    ...(until !== undefined && { until: unixTime(until, now) }),
  };
}

/** The options given that only a journal can answer, as people write them. */
export function journalOnly(request: LogRequest): readonly string[] {
  const { unit, priority, grep, boot, bootId, output, noHostname } = request;
  const given = {
    "--unit": unit.length > 0,
    "--priority": priority !== undefined,
    "--grep": grep !== undefined,
    "--boot": boot,
    "--boot-id": bootId !== undefined,
    "--output": output !== undefined,
    "--no-hostname": noHostname,
  };
  return Object.entries(given).flatMap(([flag, is]) => (is ? [flag] : []));
}

/** A number of lines, or all. Throws `usage`. */
export function parseLines(text: string): number | "all" {
  if (text === "all") return text;
  const lines = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(lines))
    throw usageError(`invalid number of lines "${text}" (example: 50, or all)`);
  return lines;
}
