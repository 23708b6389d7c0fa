import { defineCommand } from "#cli/frame/command.ts";
import { allOption, chooseMachines, machinesArgument } from "#cli/options/machine-choice.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { stopTimeoutOption } from "#cli/options/time-option.ts";
import { reportOutcomes } from "#cli/render/report-outcomes.ts";
import { stopMachines } from "#ops/machine/stop.ts";

export const command = defineCommand({
  name: "stop",
  summary: "Shut machines down",
  description: `
    Asks each machine's init to shut down, dependents first, and kills what still runs after the timeout.
    Everything a machine wrote stays; \`berth start\` boots it again. Does nothing for a machine that does not
    run.`,
  arguments: [machinesArgument],
  options: {
    all: allOption,
    timeout: stopTimeoutOption,
  },
  examples: [
    { command: "berth stop", description: "the machines of berth.yaml" },
    { command: "berth stop -t 60 db", description: "one that needs time" },
    { command: "berth stop --all", description: "every machine of the engine" },
  ],
  async action(context, { name: names }, { all, timeout }) {
    const engine = await openContextEngine(context);
    const machines = await chooseMachines(context, engine, { names, all, passMissing: "of-file" });
    const outcomes = await stopMachines(openTask(context, engine), machines, {
      timeout,
    });
    return await reportOutcomes(context, outcomes);
  },
});
