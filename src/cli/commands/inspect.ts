import { defineCommand } from "#cli/frame/command.ts";
import { ownCache } from "#cli/options/cache.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { renderDetails } from "#cli/render/inspect.ts";
import { inspectMachines } from "#ops/machine/inspect.ts";
import { findMachines } from "#ops/machine/machines.ts";

export const command = defineCommand({
  name: "inspect",
  summary: "Show details of machines",
  description: `
    Shows what the engine knows about a machine and, if it runs, what its init reports: state and failed
    units, addresses and DNS names, confinement and what makes it weaker than it could be, limits, mounts, and
    what it was made from.

    With --json the result is a list with one record for each machine, sizes in bytes.`,
  arguments: [{ name: "name", description: "machines", variadic: true, completes: "machine" }],
  examples: [
    { command: "berth inspect web", description: "one machine" },
    {
      command: "berth inspect web db --json | jq -r '.[].initState'",
      description: "what their init reports",
    },
  ],
  async action(context, { name: names }) {
    const engine = await openContextEngine(context);
    const machines = await findMachines(engine, [...new Set(names)], context.signal);
    const details = await inspectMachines(engine, machines, ownCache(context), context.signal);
    await context.result(details, (view) => renderDetails(details, view));
    return undefined;
  },
});
