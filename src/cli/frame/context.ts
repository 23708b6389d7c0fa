import { createStyle, type Style, wantsColor } from "#cli/render/color.ts";
import { renderJson, renderJsonLine } from "#cli/render/json.ts";
import { createProgress, type Progress } from "#cli/render/progress.ts";
import { marksFor } from "#cli/render/progress-state.ts";
import { plainLines } from "#cli/render/text.ts";
import { wrapText } from "#cli/render/wrap.ts";
import type { GlobalOptions } from "./global-options.ts";
import { type Io, write } from "./io.ts";

/** How results for people may look. */
export interface View {
  readonly style: Style;
  /** Cells of the terminal; undefined where the output is none, and nothing should be cut off or broken. */
  readonly width: number | undefined;
}

/** What a command's action works with. */
export interface Context {
  readonly io: Io;
  readonly global: GlobalOptions;
  /** Aborted by SIGINT and its like, and when the reader of standard output has gone. */
  readonly signal: AbortSignal;
  /**
   * The command's one result on standard output: `value` with --json, else what `render` makes of it. Ends
   * the progress.
   */
  result(value: unknown, render: (view: View) => string): Promise<void>;
  /** One of many results that come over time: a line of JSON with --json. */
  item(value: unknown, render: (view: View) => string): Promise<void>;
  /** A remark on standard error; none with --quiet or --json. */
  note(text: string): void;
  /** A warning on standard error, always. */
  warn(text: string): void;
  /** The progress on standard error; one and the same however often it is asked for, until it is done. */
  progress(): Progress;
}

/** A context, and what ends its progress whatever happened. */
export interface OpenContext {
  readonly context: Context;
  close(): void;
}

/** How text on standard error may look. */
export function errorView(io: Io, global: GlobalOptions): View {
  return {
    style: createStyle(wantsColor(io.stderrIsTerminal, global.noColor, io.env)),
    width: io.stderrIsTerminal ? io.columns() : undefined,
  };
}

export function openContext(io: Io, global: GlobalOptions, signal: AbortSignal): OpenContext {
  const style = createStyle(wantsColor(io.stdoutIsTerminal, global.noColor, io.env));
  const { style: errorStyle } = errorView(io, global);
  const view = (): View => ({ style, width: io.stdoutIsTerminal ? io.columns() : undefined });
  const say = (text: string): void => {
    io.stderr.write(text);
  };
  let progress: Progress | undefined;
  const above = (text: string): void => (progress ? progress.print(text) : say(text));
  /** A remark of several lines, each with room for what stands before it. */
  const remark = (text: string, first = 0): string => {
    const { width } = errorView(io, global);
    return plainLines(text)
      .split("\n")
      .map((line, at) =>
        wrapText(line, {
          width,
          first: at === 0 ? first : 0,
          indent: line.startsWith("  →") ? "    " : "  ",
        }),
      )
      .join("\n");
  };
  const close = (): void => {
    progress?.done();
    progress = undefined;
  };
  const context: Context = {
    io,
    global,
    signal,
    result(value, render) {
      close();
      return write(io.stdout, global.json ? renderJson(value) : render(view()));
    },
    item: (value, render) => write(io.stdout, global.json ? renderJsonLine(value) : render(view())),
    note(text) {
      if (!global.quiet && !global.json) above(`${remark(text)}\n`);
    },
    warn: (text) =>
      above(`${errorStyle.yellow("berth: warning:")} ${remark(text, "berth: warning: ".length)}\n`),
    progress() {
      progress ??= createProgress({
        mode:
          global.quiet || global.json
            ? "silent"
            : io.stderrIsTerminal && io.env.TERM !== "dumb"
              ? "live"
              : "plain",
        write: say,
        columns: io.columns,
        rows: io.rows,
        now: io.now,
        every(milliseconds, callback) {
          const timer = setInterval(callback, milliseconds);
          return () => clearInterval(timer);
        },
        marks: marksFor(io.env),
        style: errorStyle,
      });
      return progress;
    },
  };
  return { context, close };
}
