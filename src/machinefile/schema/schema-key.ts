import { z } from "zod";
import { hasCode } from "#errors.ts";
import { suggest } from "#suggest.ts";
import { suggestionOf } from "#usage.ts";

/** What the reference and the JSON Schema say about one key. */
interface KeyNote {
  readonly description: string;
  /** The type in words; of a choice its words, unless this says more. */
  readonly type?: string;
  /** The value that holds when the key is absent, … */
  readonly default?: string;
  /** … or, where it is not one value, what happens then. */
  readonly absent?: string;
  readonly unit?: string;
  readonly examples?: readonly unknown[];
}

/**
 * The notes of every key's schema. Zod's own metadata would lose examples of the input where a schema
 * transforms it.
 */
export const notes = z.registry<KeyNote>();

/** Gives a key's schema its note. */
export function key<T extends z.ZodType>(schema: T, note: KeyNote): T {
  notes.add(schema, note);
  return schema;
}

/** A string that `parse` reads. */
export function text<T>(what: string, parse: (input: string) => T) {
  return z.string({ error: expected(what) }).transform(reading(parse));
}

/** A string or a number that `parse` reads. */
export function scalar<T>(what: string, parse: (input: string | number) => T) {
  return z.union([z.string(), z.number()], { error: expected(what) }).transform(reading(parse));
}

export function list<T extends z.ZodType>(what: string, element: T) {
  return z.array(element, { error: expected(`a list of ${what}`) });
}

/** One of some words. */
export function choice<const T extends readonly string[]>(words: T) {
  const what = words.length === 1 ? words.join("") : `one of ${words.join(", ")}`;
  return z.enum(words, {
    error: (issue) =>
      typeof issue.input === "string"
        ? `"${issue.input}" is not known; write ${what}`
        : expected(what)(issue),
  });
}

/** The suggestion for a value that is none of an enum's words. */
export function suggestWord(value: unknown, words: readonly unknown[]): string | undefined {
  if (typeof value !== "string" && typeof value !== "boolean") return undefined;
  if (value === false && words.includes("no")) return "no";
  return suggest(
    String(value),
    words.filter((word) => typeof word === "string"),
  );
}

export function expected(what: string) {
  return (issue: { readonly input?: unknown }): string => `expected ${what}, not ${kindOf(issue.input)}`;
}

/** Runs a pure parser as a transformation; its `usage` error becomes an issue. */
function reading<I, T>(parse: (input: I) => T) {
  return (input: I, context: z.RefinementCtx): T => {
    try {
      return parse(input);
    } catch (error) {
      addFault(error, context);
      return z.NEVER;
    }
  };
}

/** Adds a parser's `usage` error as an issue, below a path if one is given; rethrows any other error. */
export function addFault(error: unknown, context: z.RefinementCtx, path: (string | number)[] = []): void {
  if (!hasCode(error, "usage")) throw error;
  context.addIssue({
    code: "custom",
    message: error.message,
    path,
    params: { suggestion: suggestionOf(error) },
  });
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? `"${value}"` : String(value);
}
