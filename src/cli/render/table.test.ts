import { describe, expect, test } from "bun:test";
import { createStyle } from "./color.ts";
import { type Column, renderTable } from "./table.ts";

interface Row {
  readonly name: string;
  readonly image: string;
  readonly size: string;
}

const columns: readonly Column<Row>[] = [
  { header: "NAME", value: (row) => row.name, paint: (text, _row, style) => style.green(text) },
  { header: "IMAGE", value: (row) => row.image, shrinks: true },
  { header: "SIZE", value: (row) => row.size, align: "right" },
];
const rows: readonly Row[] = [
  { name: "web", image: "registry.example/debian:12-slim", size: "1.5 GiB" },
  { name: "데이터", image: "x", size: "0 B" },
];

describe("renderTable", () => {
  test("aligns by cells", () => {
    expect(renderTable(columns, rows)).toBe(
      [
        "NAME     IMAGE                                SIZE",
        "web      registry.example/debian:12-slim   1.5 GiB",
        "데이터   x                                     0 B",
        "",
      ].join("\n"),
    );
  });

  test("cuts off what may be, to the terminal's width", () => {
    const text = renderTable(columns, rows, { width: 30 });
    expect(text).toBe(
      [
        "NAME     IMAGE            SIZE",
        "web      registry.e…   1.5 GiB",
        "데이터   x                 0 B",
        "",
      ].join("\n"),
    );
  });

  test("never below the header, and not with --no-trunc", () => {
    expect(renderTable(columns, rows, { width: 5 }).split("\n")[1]).toBe("web    regi… 1.5 GiB");
    expect(renderTable(columns, rows, { width: 30, noTrunc: true })).toBe(renderTable(columns, rows));
  });

  test("colours do not shift columns", () => {
    const painted = renderTable(columns, rows, { style: createStyle(true) });
    expect(painted).toContain("\x1b[32mweb\x1b[39m      registry");
    expect(Bun.stripANSI(painted)).toBe(renderTable(columns, rows));
  });

  test("a cell cannot send escape sequences or break its line", () => {
    const text = renderTable(columns, [{ name: "a\x1b[2Jb\nc\x07", image: "", size: "" }]);
    expect(text.split("\n")[1]).toBe("ab c");
  });

  test("no rows: the header alone", () => {
    expect(renderTable(columns, [])).toBe("NAME   IMAGE   SIZE\n");
  });
});
