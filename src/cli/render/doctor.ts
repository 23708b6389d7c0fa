import type { View } from "#cli/frame/context.ts";
import type { Check } from "#plan/doctor/doctor-facts.ts";
import type { Marks } from "./progress-state.ts";
import { pad, plainText, textWidth } from "./text.ts";
import { wrapText } from "./wrap.ts";

/** A line for each check, what to do about it below, and a last line that sums up. */
export function renderChecks(checks: readonly Check[], marks: Marks, { style, width }: View): string {
  const signs = {
    ok: style.green(marks.done),
    warn: style.yellow(marks.warning),
    fail: style.red(marks.failed),
  };
  const titles = Math.max(0, ...checks.map((check) => textWidth(check.title)));
  const lines = checks.map(({ status, title, detail, hint }) => {
    const indent = pad("", titles + 4);
    const wrapped = (text: string, deeper = ""): string =>
      wrapText(plainText(text), { width, first: indent.length + deeper.length, indent: indent + deeper });
    const advice = hint === undefined ? "" : `${indent}${style.cyan("→")} ${wrapped(hint, "  ")}\n`;
    return `${signs[status]} ${pad(plainText(title), titles)}  ${wrapped(detail)}\n${advice}`;
  });
  const count = (status: Check["status"]) => checks.filter((check) => check.status === status).length;
  return `${lines.join("")}\n${count("fail")} failed, ${count("warn")} to look at, ${count("ok")} fine\n`;
}
