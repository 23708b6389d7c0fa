import type { Check } from "../../plan/doctor-facts.ts";
import type { View } from "../context.ts";
import type { Marks } from "./progress-state.ts";
import { pad, plainText, textWidth } from "./text.ts";

/** A line for each check, what to do about it below, and a last line that sums up. */
export function renderChecks(checks: readonly Check[], marks: Marks, { style }: Pick<View, "style">): string {
  const signs = { ok: style.green(marks.done), warn: style.yellow(marks.warning), fail: style.red(marks.failed) };
  const width = Math.max(0, ...checks.map((check) => textWidth(check.title)));
  const lines = checks.map(({ status, title, detail, hint }) => {
    const advice = hint === undefined ? "" : `  ${pad("", width)}  ${style.cyan("→")} ${plainText(hint)}\n`;
    return `${signs[status]} ${pad(plainText(title), width)}  ${plainText(detail)}\n${advice}`;
  });
  const count = (status: Check["status"]) => checks.filter((check) => check.status === status).length;
  return `${lines.join("")}\n${count("fail")} failed, ${count("warn")} to look at, ${count("ok")} fine\n`;
}
