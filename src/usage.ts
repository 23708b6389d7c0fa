import { BerthError } from "./errors.ts";

/**
 * A `usage` error for something a person wrote, with the value they may have meant in its hint and details.
 */
export function usageError(message: string, suggestion?: string): BerthError {
  if (suggestion === undefined) return new BerthError("usage", message);
  return new BerthError("usage", message, { hint: `Did you mean "${suggestion}"?`, details: { suggestion } });
}

/** The suggestion that `usageError` put into an error, if any. */
export function suggestionOf(error: BerthError): string | undefined {
  const { details } = error;
  if (typeof details !== "object" || details === null || !("suggestion" in details)) return undefined;
  return typeof details.suggestion === "string" ? details.suggestion : undefined;
}
