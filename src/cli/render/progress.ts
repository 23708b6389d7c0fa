import type { Style } from "./color.ts";
import { formatDuration } from "./duration.ts";
import { type FrameLine, type ProgressEntry, renderFrame } from "./progress-frame.ts";
import { kindOf, type Marks, type ProgressState } from "./progress-state.ts";
import { plainText } from "./text.ts";

export interface ProgressUpdate {
  readonly state: ProgressState;
  /** An address, a step, a percentage: one short line. */
  readonly detail?: string | undefined;
  /** Milliseconds; measured from the name's first update when not given. */
  readonly elapsedMs?: number | undefined;
}

export interface Progress {
  /** Sets what a machine (or image …) is at. Names keep the order of their first update. */
  update(name: string, update: ProgressUpdate): void;
  /** Writes text above the lines; it must end with a line end. */
  print(text: string): void;
  /**
   * Draws the lines a last time and gives the cursor back. Later updates draw nothing. May be called twice.
   */
  done(): void;
}

export interface ProgressOptions {
  /**
   * `live` redraws in place, `plain` writes a line per change, `silent` writes nothing but `print`ed text.
   */
  readonly mode: "live" | "plain" | "silent";
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly rows: () => number;
  /** Milliseconds. */
  readonly now: () => number;
  /** Calls back again and again until the returned function is called. */
  readonly every: (milliseconds: number, callback: () => void) => () => void;
  readonly marks: Marks;
  readonly style: Style;
}

/** DECTCEM: what a terminal left by force needs as well. */
export const showCursor = "\x1b[?25h";
const hideCursor = "\x1b[?25l";
const frameMs = 100;

export function createProgress(options: ProgressOptions): Progress {
  if (options.mode === "live") return liveProgress(options);
  const last = new Map<string, string>();
  const since = new Map<string, number>();
  let ended = false;
  return {
    update(name, update) {
      if (ended || options.mode === "silent") return;
      const began = since.get(name) ?? options.now();
      since.set(name, began);
      const line = plainLine(name, update, options.now() - began);
      if (last.get(name) === line.key) return;
      last.set(name, line.key);
      options.write(`${line.text}\n`);
    },
    print: options.write,
    done() {
      ended = true;
    },
  };
}

/**
 * `web: booting`, `web: running, 10.72.0.10 (0.6 s)`. The key leaves out the time, so that only a change is
 * a new line.
 */
function plainLine(
  name: string,
  update: ProgressUpdate,
  measured: number,
): { readonly text: string; readonly key: string } {
  const detail = update.detail ? `, ${plainText(update.detail)}` : "";
  const kind = kindOf(update.state);
  const over = kind !== "busy" && kind !== "idle";
  const time = update.elapsedMs ?? (over && measured > 0 ? measured : undefined);
  const key = `${plainText(name)}: ${update.state}${detail}`;
  return { text: time === undefined ? key : `${key} (${formatDuration(time)})`, key };
}

interface Item {
  readonly state: ProgressState;
  readonly detail: string;
  readonly since: number | undefined;
  /** Set once over. */
  readonly elapsedMs: number | undefined;
}

function liveProgress(options: ProgressOptions): Progress {
  const items = new Map<string, Item>();
  let drawn: readonly FrameLine[] = [];
  let tick = 0;
  let stopTicking: (() => void) | undefined;
  let ended = false;

  const entries = (): readonly ProgressEntry[] =>
    [...items].map(([name, item]) => ({
      name: plainText(name),
      state: item.state,
      detail: item.detail,
      elapsedMs: item.elapsedMs ?? (item.since === undefined ? undefined : options.now() - item.since),
    }));

  /** Moves to the first drawn line; a terminal made narrower since has wrapped the lines. */
  const back = (): string => {
    const height = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(line.width / options.columns())),
      0,
    );
    return height === 0 ? "" : `\x1b[${height}A\r`;
  };

  const draw = (lines: number): void => {
    const frame = renderFrame(entries(), {
      columns: options.columns(),
      lines,
      tick,
      marks: options.marks,
      style: options.style,
    });
    options.write(`${back()}${frame.map((line) => `${line.text}\x1b[K\n`).join("")}\x1b[J`);
    drawn = frame;
  };
  const redraw = (): void => draw(Math.max(2, options.rows() - 1));

  return {
    update(name, update) {
      if (ended) return;
      const before = items.get(name);
      const kind = kindOf(update.state);
      const since = kind === "idle" ? undefined : (before?.since ?? options.now());
      const over = kind !== "busy" && since !== undefined ? options.now() - since : undefined;
      items.set(name, {
        state: update.state,
        detail: plainText(update.detail ?? ""),
        since,
        elapsedMs: update.elapsedMs ?? (over === 0 ? undefined : over),
      });
      if (stopTicking === undefined) {
        options.write(hideCursor);
        stopTicking = options.every(frameMs, () => {
          tick += 1;
          redraw();
        });
      }
      redraw();
    },
    print(text) {
      if (stopTicking === undefined || ended) {
        options.write(text);
        return;
      }
      options.write(`${back()}\x1b[J${text}`);
      drawn = [];
      redraw();
    },
    done() {
      if (ended) return;
      ended = true;
      if (stopTicking === undefined) return;
      stopTicking();
      // Where it ends before anything was begun, there is nothing to show.
      for (const [name, { state, detail }] of items)
        if (state === "preparing" && detail === "") items.delete(name);
      draw(Number.POSITIVE_INFINITY);
      options.write(showCursor);
    },
  };
}
