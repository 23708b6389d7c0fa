import type { Column } from "./columns.ts";
import { measureColumn } from "./measure.ts";
import { createPlace, type Place } from "./place.ts";
import type { Cell, Row } from "./row.ts";
import { rows as allRows } from "./rows.ts";
import type { Table } from "./table.ts";
import { readVersions, type Versions } from "./versions.ts";

export interface ViewOptions {
  readonly view: Table["view"];
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly signal: AbortSignal;
  /** Where, if not in a place that is made for it. */
  readonly place?: Place;
  /** Called with each cell as it is known. */
  readonly watch: (column: Column, row: Row, cell: Cell) => void;
}

const everyPackage = [...new Set(allRows.flatMap(({ packages = [] }) => packages))];

/** Makes the place, and fills a table column by column. Nothing of it is left afterwards. */
export async function measureView({
  view,
  rows,
  columns,
  signal,
  place: given,
  watch,
}: ViewOptions): Promise<{ readonly table: Table; readonly versions: Versions }> {
  const place =
    given ??
    (await createPlace({
      cgroupView: view === "v2" ? "v2" : "host",
      peers: columns.some(({ peer }) => peer),
      // Always all of them, so that one archive in the cache serves every choice of rows.
      packages: rows.some(({ packages }) => packages !== undefined) ? everyPackage : [],
      signal,
    }));
  try {
    const cells = new Map<string, readonly Cell[]>();
    for (const column of columns) {
      cells.set(
        column.id,
        await measureColumn(place, column, rows, signal, (row, cell) => watch(column, row, cell)),
      );
    }
    return { table: { view, rows, columns, cells }, versions: await readVersions(place) };
  } finally {
    await place.destroy();
  }
}
