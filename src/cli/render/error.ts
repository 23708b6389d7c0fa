import type { View } from "#cli/frame/context.ts";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { failedUnitsIn, renderFailedUnits } from "./failed-units.ts";
import { plainLines } from "./text.ts";
import { wrapText } from "./wrap.ts";

const report = "This is a bug in berth: run it again with --debug to see the cause, and report it.";

/**
 * Anything thrown as a BerthError: an aborted wait is `interrupted`, a full disk `disk-full`, the rest
 * `internal`.
 */
export function toBerthError(thrown: unknown): BerthError {
  if (thrown instanceof BerthError) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError")
    return new BerthError("interrupted", "interrupted", { cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (hasErrno(thrown, ["ENOSPC"])) {
    return new BerthError("disk-full", message, { cause: thrown, hint: "Make room, then try again." });
  }
  return new BerthError("internal", message, { cause: thrown, hint: report });
}

/** The shape `--json` prints on standard output. */
export function errorToJson(error: BerthError): { readonly error: Readonly<Record<string, unknown>> } {
  return { error: { code: error.code, message: error.message, hint: error.hint, details: error.details } };
}

/** `berth: message`, failed units if there are any, and the hint on a line of its own. */
export function renderError(error: BerthError, view: View): string {
  const { style, width } = view;
  const message = wrapText(plainLines(error.message.trimEnd()), {
    width,
    first: "berth: ".length,
    indent: "  ",
  });
  const units = renderFailedUnits(failedUnitsIn(error.details), view);
  const advice = wrapText(plainLines(error.hint ?? ""), { width, first: 4, indent: "    " });
  const hint = error.hint === undefined ? "" : `  ${style.cyan("→")} ${advice}\n`;
  return `${style.red("berth:")} ${message}\n${units}${hint}`;
}

/** For --debug: the stack of the error and of each of its causes. */
export function renderCauses(thrown: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  for (
    let cause = thrown;
    cause !== undefined && !seen.has(cause);
    cause = cause instanceof Error ? cause.cause : undefined
  ) {
    seen.add(cause);
    parts.push(`${parts.length === 0 ? "" : "caused by: "}${describe(cause)}\n`);
  }
  return plainLines(parts.join(""));
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause && cause.code !== undefined ? ` [${String(cause.code)}]` : "";
  const title = `${cause.name}${code}: ${cause.message}`;
  const frames = (cause.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [title, ...frames].join("\n");
}
