import { expect, test } from "bun:test";
import { type BerthError, hasCode } from "#errors.ts";
import { suggestionOf, usageError } from "#usage.ts";

/** The `usage` error that a parse must end with. */
export function faultOf(parse: () => unknown): {
  error: BerthError;
  message: string;
  suggestion: string | undefined;
} {
  let thrown: unknown;
  try {
    thrown = { parsed: parse() };
  } catch (error) {
    thrown = error;
  }
  if (!hasCode(thrown, "usage"))
    throw new Error(`expected a usage error, met ${JSON.stringify(thrown) ?? String(thrown)}`, {
      cause: thrown,
    });
  return { error: thrown, message: thrown.message, suggestion: suggestionOf(thrown) };
}

test("a usage error carries its suggestion in the hint and in the details", () => {
  const { error, suggestion } = faultOf(() => {
    throw usageError("no", "yes");
  });
  expect(error.hint).toBe('Did you mean "yes"?');
  expect(error.details).toEqual({ suggestion: "yes" });
  expect(suggestion).toBe("yes");
  expect(suggestionOf(usageError("no"))).toBeUndefined();
});

test("a parse that ends well, or with another error, is not taken for a usage error", () => {
  expect(() => faultOf(() => 1)).toThrow("expected a usage error");
  expect(() => faultOf(() => new Array(-1))).toThrow("expected a usage error");
});
