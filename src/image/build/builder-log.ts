import { BerthError } from "#errors.ts";
import { parseStep, tellingLines } from "#plan/image/builder-output.ts";

/** What a builder has said. */
export interface BuilderLog {
  /** Takes the next part of its output. */
  readonly push: (text: string) => void;
  /** `tool-failed` with the last messages of apt and mmdebstrap. Call it after the last part. */
  readonly failure: (status: number | null, hint: string) => BerthError;
}

/** Lines that are kept. */
const most = 200;

/** Reads a builder's output by lines, and reports each step of mmdebstrap's as it begins. */
export function createBuilderLog(onProgress: ((step: string) => void) | undefined): BuilderLog {
  const lines: string[] = [];
  let rest = "";
  const onLine = (line: string) => {
    if (line.trim() === "") return;
    lines.push(line.trimEnd());
    if (lines.length > most) lines.shift();
    const step = parseStep(line.trimEnd());
    if (step !== undefined) onProgress?.(step);
  };
  return {
    push: (text) => {
      const parts = (rest + text).split(/[\r\n]+/);
      rest = parts.pop() ?? "";
      parts.forEach(onLine);
    },
    failure: (status, hint) => {
      onLine(rest);
      return new BerthError("tool-failed", `cannot build the root: ${tellingLines(lines).join("\n")}`, {
        hint,
        details: { command: "mmdebstrap", status, stderr: lines.slice(-40) },
      });
    },
  };
}
