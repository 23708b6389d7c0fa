import { defineCommand } from "#cli/frame/command.ts";
import { allOption, chooseMachines, machinesArgument } from "#cli/options/machine-choice.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { stopTimeoutOption, waitTimeoutOption } from "#cli/options/time-option.ts";
import { reportOutcomes } from "#cli/render/report-outcomes.ts";
import { trustedUsers } from "#host/files/path-steps.ts";
import { restartMachines } from "#ops/machine/restart.ts";

export const command = defineCommand({
  name: "restart",
  summary: "Shut machines down and boot them again",
  description: `
    Stops the machines, dependents first, then starts them in the opposite order and waits until each has
    booted. Also starts those that do not run. Status 5: a machine did not boot, or booted degraded.`,
  arguments: [machinesArgument],
  options: {
    all: allOption,
    timeout: { ...stopTimeoutOption, formerly: ["time"] },
    noWait: { description: "do not wait for the boot" },
    waitTimeout: waitTimeoutOption,
  },
  examples: [
    { command: "berth restart web", description: "one machine" },
    { command: "berth restart -t 60", description: "those of berth.yaml, with a minute to shut down" },
  ],
  async action(context, { name: names }, { all, timeout, noWait, waitTimeout }) {
    const engine = await openContextEngine(context);
    const machines = await chooseMachines(context, engine, { names, all, passMissing: "never" });
    const outcomes = await restartMachines(openTask(context, engine), machines, {
      stopTimeout: timeout,
      timeout: waitTimeout,
      wait: !noWait,
      trusted: trustedUsers(context.io.env),
    });
    return await reportOutcomes(context, outcomes);
  },
});
