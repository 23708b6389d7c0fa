import type { BerthError } from "#errors.ts";
import { usageError } from "#usage.ts";

/**
 * A `usage` error for a value: what it should be, the value, and an example or the rule, as in
 * `invalid CPU list "x" (example: 0-3,6)`.
 */
export function invalid(what: string, value: string | number, rule: string, suggestion?: string): BerthError {
  return usageError(`invalid ${what} ${JSON.stringify(String(value))} (${rule})`, suggestion);
}
