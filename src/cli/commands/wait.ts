import { defineCommand } from "#cli/frame/command.ts";
import { allOption, chooseMachines, machinesArgument } from "#cli/options/machine-choice.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { parseMilliseconds } from "#cli/options/time-option.ts";
import { reportOutcomes } from "#cli/render/report-outcomes.ts";
import { waitMachines } from "#ops/machine/wait.ts";

export const command = defineCommand({
  name: "wait",
  summary: "Wait until machines have booted or stopped",
  description: `
    Waits for all machines at once. A machine has booted when its init reports it. Status 5: a machine did not
    boot, does not run, or booted degraded.

    With --for stopped it waits until they no longer run; --json then shows their exit status.`,
  arguments: [machinesArgument],
  options: {
    all: allOption,
    for: {
      value: "STATE",
      description: "what to wait for",
      choices: ["running", "stopped"],
      default: "running",
    },
    waitTimeout: {
      value: "TIME",
      description: "longest wait (example: 90s; default 120s for a boot, no limit for a stop)",
      parse: parseMilliseconds,
      formerly: ["timeout"],
    },
  },
  examples: [
    { command: "berth start --no-wait && berth wait", description: "start all, wait later" },
    { command: "berth wait web --for stopped --wait-timeout 30s", description: "until it has shut down" },
  ],
  async action(context, { name: names }, { all, for: until, waitTimeout }) {
    const engine = await openContextEngine(context);
    const machines = await chooseMachines(context, engine, { names, all, passMissing: "never" });
    const outcomes = await waitMachines(openTask(context, engine), machines, {
      until,
      timeout: waitTimeout,
    });
    return await reportOutcomes(context, outcomes);
  },
});
