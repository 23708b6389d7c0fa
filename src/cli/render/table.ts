import { createStyle, type Style } from "./color.ts";
import { pad, plainText, textWidth, truncate } from "./text.ts";

export interface Column<Row> {
  /** In capitals, as docker's. */
  readonly header: string;
  readonly value: (row: Row) => string;
  readonly align?: "right";
  /** May be cut off, down to its header's width, when the table is wider than the terminal. */
  readonly shrinks?: boolean;
  readonly paint?: (text: string, row: Row, style: Style) => string;
}

export interface TableOptions {
  /** Cells of a terminal; without it nothing is ever cut off. */
  readonly width?: number | undefined;
  /** --no-trunc */
  readonly noTrunc?: boolean;
  readonly style?: Style;
}

/** Between columns: the first with which the table fits, else the last. */
const gaps = ["   ", "  ", " "] as const;

/**
 * A table aligned as docker's: headers, three spaces between columns, or fewer where it does not fit, no
 * lines.
 */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions = {},
): string {
  const style = options.style ?? createStyle(false);
  const cells = rows.map((row) => columns.map((column) => plainText(column.value(row))));
  const natural = columns.map((column, at) =>
    Math.max(textWidth(column.header), ...cells.map((line) => textWidth(line[at] ?? ""))),
  );
  const { gap, widths } =
    options.width === undefined || options.noTrunc
      ? { gap: gaps[0], widths: natural }
      : fit(columns, natural, options.width);
  const line = (texts: readonly string[], row: Row | undefined): string =>
    columns
      .map((column, at) => {
        const width = widths[at] ?? 0;
        const text = truncate(texts[at] ?? "", width);
        const painted = row === undefined || !column.paint ? text : column.paint(text, row, style);
        const fill = pad(text, width, column.align === "right" ? "left" : "right").length - text.length;
        const space = " ".repeat(fill);
        if (column.align === "right") return space + painted;
        return at === columns.length - 1 ? painted : painted + space;
      })
      .join(gap)
      .trimEnd();
  const header = line(
    columns.map((column) => column.header),
    undefined,
  );
  return `${[style.bold(header), ...cells.map((texts, at) => line(texts, rows[at]))].join("\n")}\n`;
}

function fit<Row>(columns: readonly Column<Row>[], natural: readonly number[], total: number) {
  const tries = gaps.map((gap) => ({
    gap,
    ...shrink(columns, natural, total - gap.length * (columns.length - 1)),
  }));
  return tries.find(({ fits }) => fits) ?? { gap: gaps[2], widths: tries[2]?.widths ?? natural };
}

/**
 * Takes cells from the widest column that may shrink, one by one, until the table fits or nothing more can
 * go.
 */
function shrink<Row>(columns: readonly Column<Row>[], natural: readonly number[], room: number) {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  for (; excess > 0; excess -= 1) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      const width = widths[at] ?? 0;
      if (column.shrinks && width > textWidth(column.header) && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) return { widths, fits: false };
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return { widths, fits: true };
}
