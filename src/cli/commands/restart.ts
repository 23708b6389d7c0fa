import { defineCommand } from "#cli/frame/command.ts";
import { allOption, chooseMachines, machinesArgument } from "#cli/options/machine-choice.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { parseMilliseconds, parseStopTime } from "#cli/options/time-option.ts";
import { reportOutcomes } from "#cli/render/report-outcomes.ts";
import { trustedUsers } from "#host/files/path-steps.ts";
import { restartMachines } from "#ops/machine/restart.ts";

export const command = defineCommand({
  name: "restart",
  summary: "Shut machines down and boot them again",
  description: `Stops the machines, those first that depend on others of them, then starts them the other way round and waits until each has booted. One that does not run is started. Status 5 says that a machine did not boot, or booted degraded.`,
  arguments: [machinesArgument],
  options: {
    all: allOption,
    time: {
      short: "t",
      value: "SECONDS",
      description: "time to shut down before it is killed; -1 for ever",
      parse: parseStopTime,
    },
    noWait: { description: "do not wait until they have booted" },
    timeout: {
      value: "TIME",
      description: "longest boot of a machine, such as 90s",
      default: "120s",
      parse: parseMilliseconds,
    },
  },
  examples: [
    { command: "berth restart web", description: "one machine" },
    { command: "berth restart -t 60", description: "those of berth.yaml, with a minute to shut down" },
  ],
  async action(context, { name: names }, { all, time, noWait, timeout }) {
    const engine = await openContextEngine(context);
    const machines = await chooseMachines(context, engine, { names, all, passMissing: "never" });
    const progress = context.progress();
    const outcomes = await restartMachines(engine, machines, {
      signal: context.signal,
      stopTimeout: time,
      timeout,
      wait: !noWait,
      trusted: trustedUsers(context.io.env),
      onState: (name, state, detail) => progress.update(name, { state, detail }),
      onWarning: (text) => context.warn(text),
    });
    return await reportOutcomes(context, outcomes);
  },
});
