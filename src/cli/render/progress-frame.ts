import type { Style } from "./color.ts";
import { formatDuration } from "./duration.ts";
import { kindOf, type Marks, type ProgressState } from "./progress-state.ts";
import { pad, textWidth, truncate } from "./text.ts";

/** One line of the progress, its texts already plain. */
export interface ProgressEntry {
  readonly name: string;
  readonly state: ProgressState;
  readonly detail: string;
  /** Undefined while nothing has begun. */
  readonly elapsedMs: number | undefined;
}

export interface FrameOptions {
  readonly columns: number;
  /** At most this many lines. */
  readonly lines: number;
  /** Turns the spinner. */
  readonly tick: number;
  readonly marks: Marks;
  readonly style: Style;
}

export interface FrameLine {
  readonly text: string;
  /** Cells, without colours: what the terminal wraps by. */
  readonly width: number;
}

const gap = "   ";

/**
 * The lines of a live progress, each narrower than the terminal. What does not fit in height is counted in a
 * last line.
 */
export function renderFrame(entries: readonly ProgressEntry[], options: FrameOptions): readonly FrameLine[] {
  const shown = entries.length <= options.lines ? entries : mostTelling(entries, options.lines - 1);
  const widest = (text: (entry: ProgressEntry) => string): number =>
    Math.max(0, ...shown.map((entry) => textWidth(text(entry))));
  const nameWidth = Math.min(
    widest((entry) => entry.name),
    Math.max(8, Math.floor(options.columns / 3)),
  );
  const stateWidth = widest((entry) => entry.state);
  const timeWidth = widest(timeOf);
  // The last column stays empty: writing there makes some terminals wrap at once.
  const room = options.columns - 1 - (2 + nameWidth + gap.length + stateWidth + gap.length + timeWidth);
  const detailRoom = Math.max(0, room - gap.length);
  const detailWidth = Math.min(
    widest((entry) => entry.detail),
    detailRoom,
  );
  const lines = shown.map((entry) => {
    const texts = [
      `${markOf(entry, options)} ${pad(truncate(entry.name, nameWidth), nameWidth)}`,
      pad(entry.state, stateWidth),
      ...(detailWidth > 0 ? [pad(truncate(entry.detail, detailWidth), detailWidth)] : []),
      pad(timeOf(entry), timeWidth, "left"),
    ];
    const plain = truncate(texts.join(gap).trimEnd(), options.columns - 1);
    return { text: paint(plain, entry, options), width: textWidth(plain) };
  });
  if (shown.length === entries.length) return lines;
  const finished = entries.filter(
    (entry) => kindOf(entry.state) !== "busy" && kindOf(entry.state) !== "idle",
  ).length;
  const summary = truncate(`  ${finished} of ${entries.length} finished`, options.columns - 1);
  return [...lines, { text: options.style.dim(summary), width: textWidth(summary) }];
}

/** What goes wrong first, then what is under way, in the order they came. */
function mostTelling(entries: readonly ProgressEntry[], count: number): readonly ProgressEntry[] {
  const rank = { failed: 0, warning: 1, busy: 2, done: 3, idle: 4 } as const;
  const chosen = new Set(
    entries
      .toSorted((one, other) => rank[kindOf(one.state)] - rank[kindOf(other.state)])
      .slice(0, Math.max(0, count)),
  );
  return entries.filter((entry) => chosen.has(entry));
}

function markOf(entry: ProgressEntry, { marks, tick }: FrameOptions): string {
  const kind = kindOf(entry.state);
  if (kind !== "busy") return marks[kind];
  return marks.spinner[tick % marks.spinner.length] ?? marks.spinner[0];
}

function paint(plain: string, entry: ProgressEntry, { style }: FrameOptions): string {
  const color = {
    idle: style.dim,
    busy: style.cyan,
    done: style.green,
    warning: style.yellow,
    failed: style.red,
  }[kindOf(entry.state)];
  const [mark = "", ...rest] = plain;
  return color(mark) + rest.join("");
}

function timeOf(entry: ProgressEntry): string {
  return entry.elapsedMs === undefined ? "" : formatDuration(entry.elapsedMs);
}
