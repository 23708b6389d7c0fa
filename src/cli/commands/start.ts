import { defineCommand } from "#cli/frame/command.ts";
import { allOption, chooseMachines, machinesArgument } from "#cli/options/machine-choice.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { waitTimeoutOption } from "#cli/options/time-option.ts";
import { reportOutcomes } from "#cli/render/report-outcomes.ts";
import { trustedUsers } from "#host/files/path-steps.ts";
import { startMachines } from "#ops/machine/start.ts";

export const command = defineCommand({
  name: "start",
  summary: "Start stopped machines",
  description: `
    Boots machines that exist but do not run, continues paused ones, and waits until each machine's init
    reports that it has booted. Dependencies start first. Does nothing for a machine that runs.

    \`berth up\` creates the machines of berth.yaml that do not exist yet. Status 5: a machine did not boot,
    or booted degraded.`,
  arguments: [machinesArgument],
  options: {
    all: allOption,
    noWait: { description: "do not wait for the boot" },
    waitTimeout: { ...waitTimeoutOption, formerly: ["timeout"] },
  },
  examples: [
    { command: "berth start", description: "the machines of berth.yaml" },
    { command: "berth start web db --no-wait", description: "two machines, without waiting" },
    { command: "berth start --all", description: "every machine of the engine" },
  ],
  async action(context, { name: names }, { all, noWait, waitTimeout }) {
    const engine = await openContextEngine(context);
    const machines = await chooseMachines(context, engine, { names, all, passMissing: "never" });
    const outcomes = await startMachines(openTask(context, engine), machines, {
      timeout: waitTimeout,
      wait: !noWait,
      trusted: trustedUsers(context.io.env),
    });
    return await reportOutcomes(context, outcomes);
  },
});
