import { listMachines, type Machine } from "../../ops/machines.ts";
import { defineCommand } from "../command.ts";
import { openContextEngine } from "../open.ts";
import { type Column, renderTable } from "../render/table.ts";

const columns: readonly Column<Machine>[] = [
  { header: "NAME", value: (machine) => machine.name },
  { header: "STATE", value: (machine) => machine.state },
  { header: "ADDRESS", value: (machine) => machine.address ?? "" },
  { header: "INIT", value: (machine) => machine.init ?? "" },
  { header: "STATUS", value: (machine) => machine.status, shrinks: true },
  { header: "IMAGE", value: (machine) => machine.image, shrinks: true },
];

export const command = defineCommand({
  name: "ls",
  summary: "List machines",
  description: `Shows every machine of the engine, running or not, with its address.

STATE is the engine's word. For what init says of itself, use \`berth inspect\`; with --quiet only names are printed.`,
  options: {
    noTrunc: { description: "do not cut off long columns" },
    running: { description: "only those that run" },
  },
  examples: [
    { command: "berth ls", description: "all machines" },
    { command: "berth ls --json | jq -r '.[].address'", description: "their addresses" },
    { command: "berth stop $(berth ls -q)", description: "stop all machines" },
  ],
  async action(context, _args, { noTrunc, running }) {
    const machines = (await listMachines(await openContextEngine(context), context.signal)).filter(
      (machine) => !running || machine.state === "running",
    );
    if (context.global.quiet) await context.result(machines, () => machines.map((machine) => `${machine.name}\n`).join(""));
    else
      await context.result(machines, ({ width, style }) =>
        renderTable(columns, machines, { ...(width !== undefined && { width }), noTrunc, style }),
      );
    return undefined;
  },
});
