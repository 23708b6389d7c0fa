import { problem } from "#machinefile/problem.ts";
import { expected, type ValueType } from "./value-type.ts";

interface ListOptions {
  /** The problem of an empty list; without it, an empty list is valid. */
  readonly empty?: string;
}

/** A list of values of one type; `what` is their plural. One that cannot be read spoils all. */
export function list<T>(
  what: string,
  element: ValueType<T>,
  { empty }: ListOptions = {},
): ValueType<readonly T[]> {
  return {
    schema: { type: "array", items: element.schema, ...(empty === undefined ? {} : { minItems: 1 }) },
    read(raw, path, problems) {
      const before = problems.length;
      if (!Array.isArray(raw)) problems.push(problem(path, expected(`a list of ${what}`, raw)));
      else if (raw.length === 0 && empty !== undefined) problems.push(problem(path, empty));
      else {
        const values = raw.flatMap((item: unknown, index) => {
          const value = element.read(item, [...path, index], problems);
          return value === undefined ? [] : [value];
        });
        if (problems.length === before) return values;
      }
      return undefined;
    },
  };
}
