import { BerthError } from "#errors.ts";
import { patient } from "#lab/wait-for.ts";
import type { Column } from "./columns.ts";
import { type Machine, waitForBoot } from "./machine.ts";
import type { Place } from "./place.ts";
import { type Cell, judge, type Row, renderScript } from "./row.ts";

/** Called with each cell as it is known. */
export type Watch = (row: Row, cell: Cell) => void;

/** Boots a machine of a column and runs the rows in it, one after the other. A cell for each row. */
export async function measureColumn(
  place: Place,
  column: Column,
  rows: readonly Row[],
  signal: AbortSignal,
  watch: Watch,
): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  const machine = await column.start(place).catch(refusal);
  try {
    const fault =
      machine instanceof BerthError ? machine : await waitForBoot(machine).then(() => undefined, refusal);
    for (const row of rows) {
      signal.throwIfAborted();
      const lacking =
        row.controller !== undefined && !place.controllers.includes(row.controller)
          ? row.controller
          : undefined;
      const cell =
        lacking !== undefined
          ? {
              verdict: "n/a" as const,
              reason: `this host's cgroup2 has no ${lacking} controller`,
              output: "",
            }
          : machine instanceof BerthError || fault !== undefined
            ? notBooted(fault)
            : await runRow(machine, row);
      cells.push(cell);
      watch(row, cell);
    }
  } finally {
    if (!(machine instanceof BerthError)) await machine.destroy();
  }
  return cells;
}

async function runRow(machine: Machine, row: Row): Promise<Cell> {
  const limit = patient(row.limit ?? 30);
  const run = async (script: string) =>
    judge(await machine.run(`timeout --kill-after=5 ${limit} sh -c ${quote(renderScript(script))}`), limit);
  const cell = await run(row.script);
  if (row.afterRestart === undefined || cell.verdict !== "yes") return cell;
  await machine.restart();
  const fault = await waitForBoot(machine).then(() => undefined, refusal);
  if (fault !== undefined)
    return { verdict: "no", reason: `after a restart: ${fault.message}`, output: cell.output };
  const after = await run(row.afterRestart);
  return { ...after, output: cell.output + after.output };
}

/** A machine that cannot be had is a result here; what interrupts is not. */
function refusal(error: unknown): BerthError {
  if (error instanceof BerthError && error.code !== "interrupted" && error.code !== "tool-missing")
    return error;
  throw error;
}

function notBooted(fault: BerthError | undefined): Cell {
  const output = typeof fault?.details === "string" ? fault.details : (fault?.message ?? "");
  return { verdict: "no", reason: `it does not boot: ${fault?.message.split("\n")[0] ?? ""}`, output };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
