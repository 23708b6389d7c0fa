import { type Report, renderTotals } from "./report.ts";
import type { SuiteResult } from "./run.ts";

export const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Shows a suite's result at once: a line, and all it wrote when something failed. */
export function show({ suite, took, output, ...report }: SuiteResult): void {
  console.log(
    `${report.failed.length === 0 ? "ok    " : "FAILED"} ${suite.name}: ${renderTotals([report])} (${seconds(took)})`,
  );
  if (report.failed.length > 0) console.log(`${output.replace(/^/gm, "    ")}`);
}

/** Shows what was skipped and what failed, and the totals as the last line. */
export function summarize(reports: readonly Report[]): void {
  const all = (list: (report: Report) => readonly string[]) => reports.flatMap(list);
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) console.log(`\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
  };
  section(
    "Skipped, with what they need:",
    all(({ skipped }) => skipped),
  );
  section("Not looked at:", [...new Set(all(({ notes }) => notes))]);
  section(
    "Failed:",
    all(({ failed }) => failed),
  );
  console.log(`\n${renderTotals(reports)}`);
}

/** Whether something was tried and nothing failed. */
export function isGood(reports: readonly Report[]): boolean {
  const ran = reports.some(({ passed, failed }) => passed + failed.length > 0);
  return ran && reports.every(({ failed }) => failed.length === 0);
}
