import { problem } from "#machinefile/problem.ts";
import { suggest } from "#suggest.ts";
import { attempt, describe, expected, type ValueType } from "./value-type.ts";

/** A text that `parse` reads. `what` has its article, as in `a name`; the example goes into messages. */
export function text<T>(what: string, example: string, parse: (input: string) => T): ValueType<T> {
  return {
    schema: { type: "string" },
    read(raw, path, problems) {
      if (typeof raw === "string") return attempt(parse, raw, path, problems);
      problems.push(problem(path, expected(what, raw, example)));
      return undefined;
    },
  };
}

/** A text or a number that `parse` reads. */
export function scalar<T>(what: string, example: string, parse: (input: string | number) => T): ValueType<T> {
  return {
    schema: { type: ["string", "number"] },
    read(raw, path, problems) {
      if (typeof raw === "string" || typeof raw === "number") return attempt(parse, raw, path, problems);
      problems.push(problem(path, expected(what, raw, example)));
      return undefined;
    },
  };
}

/** One of some words. */
export function choice<const W extends string>(words: readonly W[]): ValueType<W> {
  return {
    schema: { type: "string", enum: words },
    choices: words,
    read(raw, path, problems) {
      const word = words.find((known) => known === raw);
      if (word === undefined)
        problems.push(
          problem(path, `invalid value ${describe(raw)} (one of: ${words.join(", ")})`, meant(raw, words)),
        );
      return word;
    },
  };
}

/** YAML 1.2 reads an unquoted `no` as a text, YAML 1.1 as false, and berth reads what either wrote. */
function meant(raw: unknown, words: readonly string[]): string | undefined {
  if (raw === false && words.includes("no")) return "no";
  return typeof raw === "string" || typeof raw === "boolean" ? suggest(String(raw), words) : undefined;
}

/** True or false. */
export const toggle: ValueType<boolean> = {
  schema: { type: "boolean" },
  read(raw, path, problems) {
    if (typeof raw === "boolean") return raw;
    problems.push(problem(path, expected("true or false", raw)));
    return undefined;
  },
};
