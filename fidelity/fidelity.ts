import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BerthError } from "#errors.ts";
import { readMounts } from "#host/embedded-engine/mount-table.ts";
import { type Flags, parseFlags, usage } from "./flags.ts";
import { renderPage } from "./page.ts";
import { fallsShort, notesOf, renderNotes, renderTable, type Table } from "./table.ts";
import type { Versions } from "./versions.ts";
import { measureView } from "./view.ts";

/*
 * `npm run fidelity`: tries what real units and administrators need in machines of berth's profiles, of
 * systemd-nspawn, LXC and plain Docker. All have the same Debian 12 root and run in the namespaces of one
 * engine that is started for it and removed afterwards. The status is 1 when profile full fails a row that
 * systemd-nspawn passes.
 */

function flagsOrExit(): Flags {
  try {
    const flags = parseFlags(process.argv.slice(2));
    if (!flags.help) return flags;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
  console.log(usage);
  process.exit(0);
}

async function measure(
  flags: Flags,
  view: Table["view"],
  signal: AbortSignal,
): Promise<{ readonly table: Table; readonly versions: Versions }> {
  const { rows, columns, verbose } = flags;
  const isTerminal = process.stderr.isTTY;
  const result = await measureView({
    view,
    rows,
    columns,
    signal,
    watch: (column, row, { verdict, reason, output }) => {
      if (verbose) {
        const outcome = `${column.id}: ${row.title}: ${verdict}${reason === "" ? "" : `: ${reason}`}`;
        console.error(output === "" ? outcome : `${outcome}\n${output.trimEnd().replace(/^/gm, "    ")}`);
      } else if (isTerminal) process.stderr.write(`\r\x1b[K${view}, ${column.id}: ${row.title}`);
    },
  });
  if (isTerminal && !verbose) process.stderr.write("\r\x1b[K");
  return result;
}

function asJson({ view, rows, columns, cells }: Table, versions: Versions): unknown {
  const cellsOf = (id: string) =>
    Object.fromEntries(rows.map((row, index) => [row.id, cells.get(id)?.[index]]));
  return { view, versions, columns: Object.fromEntries(columns.map(({ id }) => [id, cellsOf(id)])) };
}

/** A host without v1 hierarchies has cgroup2 alone, whatever the option says. */
async function viewsOfHost(wanted: Flags["views"]): Promise<Flags["views"]> {
  return (await readMounts()).some(({ type }) => type === "cgroup") ? wanted : ["v2"];
}

async function main(flags: Flags, signal: AbortSignal): Promise<boolean> {
  const results: { readonly table: Table; readonly versions: Versions }[] = [];
  for (const view of await viewsOfHost(flags.views)) {
    const result = await measure(flags, view, signal);
    results.push(result);
    if (!flags.json) {
      const notes = renderNotes(notesOf(result.table));
      console.log(`cgroups: ${view}\n${renderTable(result.table)}\n${notes === "" ? "" : `\n${notes}\n`}`);
    }
  }
  if (flags.json)
    console.log(
      JSON.stringify(
        results.map(({ table, versions }) => asJson(table, versions)),
        undefined,
        2,
      ),
    );
  const [first] = results;
  if (flags.write && first !== undefined) {
    const page = join(resolve(import.meta.dir, ".."), "docs/fidelity.md");
    await writeFile(
      page,
      renderPage(
        results.map(({ table }) => table),
        first.versions,
      ),
    );
  }
  const short = results.flatMap(({ table }) =>
    fallsShort(table).map((row) => `${row.title} (${table.view})`),
  );
  if (short.length > 0)
    console.error(`fidelity: systemd-nspawn passes what profile full fails: ${short.join(", ")}`);
  return short.length === 0;
}

const flags = flagsOrExit();
const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => interruption.abort(new BerthError("interrupted", `interrupted by ${name}`)));
}
try {
  process.exit((await main(flags, interruption.signal)) ? 0 : 1);
} catch (error) {
  console.error(`fidelity: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof BerthError && error.hint !== undefined) console.error(`  → ${error.hint}`);
  process.exit(interruption.signal.aborted ? 130 : 1);
}
