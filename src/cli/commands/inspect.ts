import { defineCommand } from "#cli/frame/command.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { renderDetails } from "#cli/render/inspect.ts";
import { inspectMachines } from "#ops/machine/inspect.ts";
import { findMachines } from "#ops/machine/machines.ts";

export const command = defineCommand({
  name: "inspect",
  summary: "Show all about machines",
  description: `Shows what the engine knows of a machine and, where it runs, what its init says: state and failed units, addresses and DNS names, how it is confined and what is weaker than it might be, limits, mounts, and what it was made from.

With --json the result is a list of one record for each machine, sizes in bytes.`,
  arguments: [{ name: "name", description: "machines", variadic: true, completes: "machine" }],
  examples: [
    { command: "berth inspect web", description: "one machine" },
    { command: "berth inspect web db --json | jq -r '.[].initState'", description: "what their init says" },
  ],
  async action(context, { name: names }) {
    const engine = await openContextEngine(context);
    const machines = await findMachines(engine, [...new Set(names)], context.signal);
    const details = await inspectMachines(engine, machines, context.signal);
    await context.result(details, (view) => renderDetails(details, view));
    return undefined;
  },
});
