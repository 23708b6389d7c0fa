import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import type { Entry } from "#machinefile/value/environment.ts";
import { attempt, expected, type ValueType } from "./value-type.ts";

interface EntryParsers {
  /** What they are, in the plural. */
  readonly what: string;
  /** Reads `NAME=value`. */
  readonly parse: (text: string) => Entry;
  /** Reads the name in a map. */
  readonly parseName: (text: string) => string;
}

/** Names with values: a map, or a list of `NAME=value` as Compose has it. */
export function entries({ what, parse, parseName }: EntryParsers): ValueType<readonly Entry[]> {
  const parseItem = (item: unknown, path: Path, problems: Problem[]): Entry | undefined => {
    if (typeof item === "string") return attempt(parse, item, path, problems);
    problems.push(problem(path, expected("text", item, "NAME=value")));
    return undefined;
  };
  const parsePair = (name: string, value: unknown, path: Path, problems: Problem[]): Entry | undefined => {
    const key = attempt(parseName, name, path, problems);
    if (!isPlain(value)) problems.push(problem(path, expected("text", value)));
    else if (key !== undefined) return value === null ? { name: key } : { name: key, value: String(value) };
    return undefined;
  };
  return {
    schema: {
      anyOf: [
        { type: "object", additionalProperties: { type: ["string", "number", "boolean", "null"] } },
        { type: "array", items: { type: "string" } },
      ],
    },
    read(raw, path, problems) {
      if (typeof raw !== "object" || raw === null) {
        problems.push(problem(path, expected(`a map or a list of ${what}`, raw)));
        return undefined;
      }
      const before = problems.length;
      const found = Array.isArray(raw)
        ? raw.map((item: unknown, index) => parseItem(item, [...path, index], problems))
        : Object.entries(raw).map(([name, value]) => parsePair(name, value, [...path, name], problems));
      return problems.length === before ? found.filter((entry) => entry !== undefined) : undefined;
    },
  };
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
