import { defineCommand } from "#cli/frame/command.ts";
import { allOption, chooseMachines, machinesArgument } from "#cli/options/machine-choice.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { reportOutcomes } from "#cli/render/report-outcomes.ts";
import { removeMachines } from "#ops/machine/remove.ts";

export const command = defineCommand({
  name: "rm",
  summary: "Remove stopped machines",
  description: `
    Removes machines with everything they wrote into their own root, and their anonymous volumes. Named
    volumes, images and the network stay. Fails for a machine that runs, unless you give --force.

    With --force it also ignores names of machines that do not exist.`,
  arguments: [machinesArgument],
  options: {
    all: allOption,
    force: { short: "f", description: "also kill and remove running ones" },
  },
  examples: [
    { command: "berth rm web", description: "a stopped machine" },
    { command: "berth rm -f web db", description: "two machines, running or not" },
  ],
  async action(context, { name: names }, { all, force }) {
    const engine = await openContextEngine(context);
    const machines = await chooseMachines(context, engine, {
      names,
      all,
      passMissing: force ? "always" : "of-file",
    });
    const outcomes = await removeMachines(openTask(context, engine), machines, {
      force,
    });
    return await reportOutcomes(context, outcomes);
  },
});
