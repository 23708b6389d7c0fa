import type { z } from "zod";
import { hasCode } from "#errors.ts";
import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import { expected, suggestWord } from "#machinefile/schema/schema-key.ts";
import { type Section, unknownKey } from "#machinefile/schema/unknown-key.ts";
import { suggestionOf } from "#usage.ts";

/** What was written under some keys and could be read. */
export type Fields<S extends z.ZodRawShape> = { readonly [K in keyof S]?: z.output<S[K]> };

type Raw = Readonly<Record<string, unknown>>;

/** A map, with nothing read as an empty one; undefined and a problem for anything else. */
export function readMap(raw: unknown, path: Path, problems: Problem[]): Raw | undefined {
  if (raw === null || raw === undefined) return {};
  if (typeof raw === "object" && !Array.isArray(raw)) return raw as Raw;
  problems.push(problem(path, expected("a map")({ input: raw })));
  return undefined;
}

/** Reads a map key by key, so that every fault is found; keys that fail are left out of the result. */
export function readFields<S extends z.ZodRawShape>(
  section: Section,
  shape: S,
  raw: unknown,
  path: Path,
  problems: Problem[],
): Fields<S> {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(readMap(raw, path, problems) ?? {})) {
    const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (schema === undefined) {
      const { message, suggestion } = unknownKey(section, key, Object.keys(shape));
      problems.push(problem([...path, key], message, suggestion, "key"));
      continue;
    }
    const result = (schema as z.ZodType).safeParse(value);
    if (result.success) fields[key] = result.data;
    else for (const issue of result.error.issues) problems.push(problemOf(issue, [...path, key], value));
  }
  // Each key's value comes from that key's own schema, which the loop cannot express.
  return fields as Fields<S>;
}

/** Runs a pure parser; its `usage` error becomes a problem of the key. */
export function readKey<T>(
  parse: (text: string) => T,
  text: string,
  path: Path,
  problems: Problem[],
): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (!hasCode(error, "usage")) throw error;
    problems.push(problem(path, error.message, suggestionOf(error), "key"));
    return undefined;
  }
}

function problemOf(issue: z.core.$ZodIssue, path: Path, value: unknown): Problem {
  const at = [...path, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  if (issue.code === "invalid_value") return problem(at, issue.message, suggestWord(value, issue.values));
  const suggestion: unknown = issue.code === "custom" ? issue.params?.suggestion : undefined;
  return problem(at, issue.message, typeof suggestion === "string" ? suggestion : undefined);
}
