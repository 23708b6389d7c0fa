import { hasCode } from "#errors.ts";
import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import { suggestionOf } from "#usage.ts";

/** JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A type of values in berth.yaml: its schema for editors, and its parser. */
export interface ValueType<out T> {
  readonly schema: JsonSchema;
  /** The words that it knows, if it is one of some words. */
  readonly choices?: readonly string[];
  /** The keys that it knows, if its values are maps. */
  readonly keys?: Keys;
  /**
   * Reads plain data at `path`, and adds all that is wrong with it to `problems`; undefined where it could
   * not be read.
   */
  readonly read: (raw: unknown, path: Path, problems: Problem[]) => T | undefined;
}

/** One key of a map in berth.yaml: its type, and its text for the reference and editors. */
export interface Key<T> {
  readonly type: ValueType<T>;
  /** One sentence or more. */
  readonly description: string;
  /** The type in words. Default for a choice: its words. */
  readonly shownType?: string;
  readonly unit?: string;
  /** The value that holds where the key is absent, … */
  readonly default?: string;
  /** … or, where it is not one value, what happens then. */
  readonly absent?: string;
  readonly examples?: readonly unknown[];
}

/** The keys of one map, in the order of the reference. */
export type Keys = Readonly<Record<string, Key<unknown>>>;

/** Runs a pure parser; its `usage` error becomes a problem of the value, or of the key. */
export function attempt<I, T>(
  parse: (input: I) => T,
  input: I,
  path: Path,
  problems: Problem[],
  target: Problem["target"] = "value",
): T | undefined {
  try {
    return parse(input);
  } catch (error) {
    if (!hasCode(error, "usage")) throw error;
    problems.push(problem(path, error.message, suggestionOf(error), target));
    return undefined;
  }
}

/** `expected a size, not a list (example: 512M)`. */
export function expected(what: string, raw: unknown, example?: string): string {
  return `expected ${what}, not ${describe(raw)}${example === undefined ? "" : ` (example: ${example})`}`;
}

/** A value in a message: a text in quotes, and of a map or a list that it is one. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
