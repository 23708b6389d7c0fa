import type { Column } from "./columns.ts";
import type { Cell, Row } from "./row.ts";

/** What was found in one view of the cgroups. */
export interface Table {
  readonly view: "hybrid" | "v2";
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  /** By the column's id, then in the order of the rows. */
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
}

const titleWidth = 29;
const cellWidth = 8;

/** A table of at most 80 columns. */
export function renderTable({ rows, columns, cells }: Table): string {
  const line = (first: string, others: readonly string[]) =>
    `${first.padEnd(titleWidth)}${others.map((text) => text.padEnd(cellWidth)).join("")}`.trimEnd();
  return [
    line(
      "",
      columns.map(({ id }) => id),
    ),
    ...rows.map((row, index) =>
      line(
        row.title,
        columns.map(({ id }) => cells.get(id)?.[index]?.verdict ?? "?"),
      ),
    ),
  ].join("\n");
}

export interface Note {
  readonly row: Row;
  readonly columns: readonly string[];
  readonly verdict: Cell["verdict"];
  readonly reason: string;
}

/** Why cells are not yes; columns with the same reason share a note. */
export function notesOf({ rows, columns, cells }: Table): readonly Note[] {
  return rows.flatMap((row, index) => {
    const notes = new Map<string, Note>();
    for (const { id } of columns) {
      const cell = cells.get(id)?.[index];
      if (cell === undefined || cell.verdict === "yes") continue;
      const key = `${cell.verdict} ${cell.reason}`;
      const { verdict, reason } = cell;
      notes.set(key, { row, columns: [...(notes.get(key)?.columns ?? []), id], verdict, reason });
    }
    return [...notes.values()];
  });
}

/** Notes as lines of at most 80 columns. */
export function renderNotes(notes: readonly Note[]): string {
  return notes
    .map(({ row, columns, reason }) => fold(`${row.title}, ${columns.join(", ")}: ${reason}`))
    .join("\n");
}

/** Breaks a text between words; a longer word stays whole. */
function fold(text: string): string {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= (lines.length === 1 ? 80 : 78))
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index) => (index === 0 ? line : `  ${line}`)).join("\n");
}

/** The rows that the mark passes and profile full does not. */
export function fallsShort({ rows, cells }: Table): readonly Row[] {
  return rows.filter(
    (_, index) =>
      cells.get("nspawn")?.[index]?.verdict === "yes" && cells.get("full")?.[index]?.verdict === "no",
  );
}
