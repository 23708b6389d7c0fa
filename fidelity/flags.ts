import { parseArgs } from "node:util";
import { type Column, columns } from "./columns.ts";
import type { Row } from "./row.ts";
import { rows } from "./rows.ts";
import type { Table } from "./table.ts";

export interface Flags {
  readonly views: readonly Table["view"][];
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly json: boolean;
  readonly verbose: boolean;
  readonly write: boolean;
  readonly help: boolean;
}

export const usage = `usage: npm run fidelity -- [OPTION…]
  --view hybrid|v2|both  the cgroups that machines see: the host's as they are
                         (hybrid, by default), or cgroup2 alone
  --only ROW,…           these rows alone:${fold(rows)}
  --columns COLUMN,…     these alone: ${columns.map(({ id }) => id).join(" ")}
  --verbose              also what each script wrote
  --json                 everything as JSON
  --write                all rows, columns and views, into docs/fidelity.md
  --help                 this`;

function fold(all: readonly Row[]): string {
  const lines: string[] = [""];
  for (const { id } of all) {
    if ((lines.at(-1) ?? "").length + id.length > 52) lines.push("");
    lines.push(`${lines.pop()}${id} `);
  }
  return lines.map((line) => `\n${" ".repeat(25)}${line.trimEnd()}`).join("");
}

/** Throws an Error with a sentence for a user. */
export function parseFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      view: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      columns: { type: "string", multiple: true, default: [] },
      verbose: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { view = values.write ? "both" : "hybrid", verbose, json, write, help } = values;
  if (view !== "hybrid" && view !== "v2" && view !== "both")
    throw new Error("--view takes hybrid, v2 or both");
  const isPart = values.view !== undefined || values.only.length > 0 || values.columns.length > 0;
  if (write && (isPart || json)) throw new Error("--write takes all rows, columns and views");
  return {
    views: view === "both" ? ["hybrid", "v2"] : [view],
    rows: choose(rows, values.only, "row"),
    columns: choose(columns, values.columns, "column"),
    verbose,
    json,
    write,
    help,
  };
}

/** Those named, in their own order; all without names. */
function choose<T extends { readonly id: string }>(
  all: readonly T[],
  words: readonly string[],
  what: string,
): readonly T[] {
  const names = words.flatMap((word) => word.split(",")).filter((name) => name !== "");
  const unknown = names.find((name) => all.every(({ id }) => id !== name));
  if (unknown !== undefined)
    throw new Error(`there is no ${what} "${unknown}": ${all.map(({ id }) => id).join(" ")}`);
  return names.length === 0 ? all : all.filter(({ id }) => names.includes(id));
}
