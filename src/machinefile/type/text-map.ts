import { problem } from "#machinefile/problem.ts";
import { expected, type ValueType } from "./value-type.ts";

/** A map of any names to texts; numbers and booleans count as their text. */
export const textMap: ValueType<Readonly<Record<string, string>>> = {
  schema: { type: "object", additionalProperties: { type: ["string", "number", "boolean"] } },
  read(raw, path, problems) {
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
      problems.push(problem(path, expected("a map of options", raw, "{max-size: 10m}")));
      return undefined;
    }
    const before = problems.length;
    const pairs = Object.entries(raw).map(([name, value]: readonly [string, unknown]) => {
      if (!["string", "number", "boolean"].includes(typeof value))
        problems.push(problem([...path, name], expected("text", value)));
      return [name, String(value)] as const;
    });
    return problems.length === before ? Object.fromEntries(pairs) : undefined;
  },
};
