import { stripVTControlCharacters } from "node:util";
import type { View } from "#cli/frame/context.ts";
import type { MachineUsage } from "#plan/machine/usage.ts";
import { formatSize } from "./size.ts";
import { type Column, renderTable } from "./table.ts";
import { textWidth } from "./text.ts";

const unknown = "--";

const columns: readonly Column<MachineUsage>[] = [
  { header: "NAME", value: (machine) => machine.name },
  { header: "CPU %", align: "right", value: ({ cpuPercent }) => percent(cpuPercent) },
  {
    header: "MEM USAGE / LIMIT",
    align: "right",
    value: ({ memory, memoryLimit }) => pair(memory, memoryLimit),
  },
  { header: "MEM %", align: "right", value: ({ memoryPercent }) => percent(memoryPercent) },
  { header: "PIDS", align: "right", value: ({ pids }) => (pids === undefined ? unknown : String(pids)) },
  {
    header: "NET I/O",
    align: "right",
    value: ({ networkReceived, networkSent }) => pair(networkReceived, networkSent),
  },
  {
    header: "BLOCK I/O",
    align: "right",
    value: ({ blockRead, blockWritten }) => pair(blockRead, blockWritten),
  },
];

/** The machines' usage as docker's table has it; `--` is what the host does not count. */
export function renderUsage(machines: readonly MachineUsage[], { style, width }: View): string {
  return renderTable(columns, machines, { style, width });
}

/**
 * What turns the frame drawn before into this one, in place, and how many lines of the terminal it takes;
 * lines that do not fit on the terminal are left out, since what has scrolled away cannot be drawn over.
 */
export function renderFrame(
  text: string,
  linesBefore: number,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): { readonly output: string; readonly lines: number } {
  const height = (line: string) =>
    Math.max(1, Math.ceil(textWidth(stripVTControlCharacters(line)) / columns));
  const sum = (lines: readonly string[]) => lines.reduce((total, line) => total + height(line), 0);
  const all = text.trimEnd().split("\n");
  let kept = all.length;
  if (sum(all) >= rows) while (kept > 1 && sum(all.slice(0, kept)) > rows - 2) kept -= 1;
  const lines = kept === all.length ? all : [...all.slice(0, kept), `… ${all.length - kept} more`];
  const back = linesBefore > 0 ? `\x1b[${linesBefore}A\r` : "";
  // Erased first: behind a line that ends in the last column, its own last letter would be.
  return { output: `${back}\x1b[J${lines.map((line) => `${line}\n`).join("")}`, lines: sum(lines) };
}

function percent(value: number | undefined): string {
  return value === undefined ? unknown : `${value.toFixed(2)}%`;
}

function pair(first: number | undefined, second: number | undefined): string {
  const size = (value: number | undefined) => (value === undefined ? unknown : formatSize(value));
  return first === undefined && second === undefined ? unknown : `${size(first)} / ${size(second)}`;
}
