import type { View } from "#cli/frame/context.ts";
import { plainText } from "./text.ts";
import { wrapText } from "./wrap.ts";

/** A unit that failed while a machine booted, with the end of its journal. */
export interface FailedUnit {
  readonly unit: string;
  readonly description?: string | undefined;
  /** Oldest first; text of the machine, so it is cleaned of escape sequences before it is shown. */
  readonly lines: readonly string[];
}

/** Each failed unit with its last journal lines, indented below it. */
export function renderFailedUnits(units: readonly FailedUnit[], { style, width }: View): string {
  return units
    .map((failed) => {
      const title = failed.description ? `  ${plainText(failed.description)}` : "";
      const lines = failed.lines.length > 0 ? failed.lines : ["(no journal lines)"];
      const journal = lines
        .map(
          (line) =>
            `      ${style.dim(wrapText(plainText(line), { width, first: 6, indent: "        " }))}\n`,
        )
        .join("");
      return `  ${style.red("✘")} ${style.bold(plainText(failed.unit))}${title}\n${journal}`;
    })
    .join("");
}

/** Finds failed units in the details of an error: `{ units: [{ unit, description?, lines }] }`. */
export function failedUnitsIn(details: unknown): readonly FailedUnit[] {
  if (
    typeof details !== "object" ||
    details === null ||
    !("units" in details) ||
    !Array.isArray(details.units)
  )
    return [];
  return details.units.filter(isFailedUnit);
}

function isFailedUnit(value: unknown): value is FailedUnit {
  return (
    typeof value === "object" &&
    value !== null &&
    "unit" in value &&
    typeof value.unit === "string" &&
    "lines" in value &&
    Array.isArray(value.lines) &&
    value.lines.every((line) => typeof line === "string")
  );
}
