import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { ownCache } from "#cli/options/cache.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { swarmColumns } from "#cli/render/swarm-table.ts";
import { type Column, renderTable } from "#cli/render/table.ts";
import { listMachinesWithInits } from "#ops/machine/machines.ts";
import { listSwarmMachines } from "#ops/swarm/swarm-machines.ts";
import { requireManager } from "#ops/swarm/swarm-manager.ts";
import type { Machine } from "#plan/machine/machine.ts";

const columns: readonly Column<Machine>[] = [
  { header: "NAME", value: (machine) => machine.name },
  { header: "PROJECT", value: (machine) => (machine.owner?.file === undefined ? "-" : machine.owner.name) },
  { header: "STATE", value: (machine) => machine.state },
  { header: "ADDRESS", value: (machine) => machine.address ?? "" },
  { header: "INIT", value: (machine) => machine.init ?? "" },
  { header: "STATUS", value: (machine) => machine.status, shrinks: true },
  { header: "IMAGE", value: (machine) => machine.image, shrinks: true },
];

export const command = defineCommand({
  name: "ls",
  summary: "List machines",
  description: `
    Lists every machine of the engine, running or not, with its address.

    PROJECT is the owner: the \`name\` of the machine file that made it, else the name of that file's
    directory; --json shows the file. A \`-\` means none.

    INIT is the one that the machine's image has.

    STATE is the engine's. For the init's own state, use \`berth inspect\`. With --quiet it prints only names.

    With --swarm it lists the machines of the swarm's services, on all nodes; the engine must be a manager.
    STATE is then the swarm's, which calls a machine running once it has booted.`,
  options: {
    noTrunc: { description: "do not truncate long columns" },
    running: { description: "only running machines" },
    swarm: { description: "machines of the swarm's services, on all nodes" },
  },
  examples: [
    { command: "berth ls", description: "all machines" },
    { command: "berth ls --json | jq -r '.[].address'", description: "their addresses" },
    { command: "berth stop $(berth ls -q)", description: "stop all machines" },
    { command: "berth ls --swarm", description: "what runs on which node" },
  ],
  async action(context, _args, { noTrunc, running, swarm }) {
    const engine = await openContextEngine(context);
    if (swarm) {
      await requireManager(engine, context.signal);
      const machines = await listSwarmMachines(engine, context.signal);
      await show(
        context,
        swarmColumns(Date.now()),
        running ? machines.filter(({ task }) => task?.state === "running") : machines,
        noTrunc,
      );
    } else {
      const machines = await listMachinesWithInits(engine, ownCache(context), context.signal);
      await show(
        context,
        columns,
        running ? machines.filter(({ state }) => state === "running") : machines,
        noTrunc,
      );
    }
    return undefined;
  },
});

async function show<Row extends { readonly name: string }>(
  context: Context,
  shown: readonly Column<Row>[],
  machines: readonly Row[],
  noTrunc: boolean,
): Promise<void> {
  if (context.global.quiet)
    await context.result(machines, () => machines.map((machine) => `${machine.name}\n`).join(""));
  else
    await context.result(machines, ({ width, style }) =>
      renderTable(shown, machines, { ...(width !== undefined && { width }), noTrunc, style }),
    );
}
