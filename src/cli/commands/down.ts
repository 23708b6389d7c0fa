import { defineCommand } from "#cli/frame/command.ts";
import { chooseToRemove } from "#cli/options/down-choice.ts";
import { withFileRead } from "#cli/options/fleet-file.ts";
import { allOption, whose } from "#cli/options/machine-choice.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { stopTimeoutOption } from "#cli/options/time-option.ts";
import { plainText } from "#cli/render/text.ts";
import { confirm } from "#cli/terminal/confirm.ts";
import { engineLock } from "#ops/engine/open-engine.ts";
import { down } from "#ops/machine/down.ts";
import { listMachines } from "#ops/machine/machines.ts";

export const command = defineCommand({
  name: "down",
  summary: "Stop and remove machines and their network",
  description: `Stops the machines of berth.yaml, dependents first, and removes them with their file systems, then their network. Named volumes and images stay.

Machines that another file made are never touched. Without a file it wants names, --domain, or --all for every machine of the engine.

What a machine has written into its own root is lost; \`berth stop\` keeps it. So it asks first, or wants --yes.`,
  arguments: [
    {
      name: "name",
      description: "machines; all by default",
      required: false,
      variadic: true,
      completes: "machine",
    },
  ],
  options: {
    yes: { short: "y", description: "do not ask" },
    timeout: stopTimeoutOption,
    domain: { value: "DOMAIN", description: "those on this network that no file made" },
    all: allOption,
  },
  examples: [
    { command: "berth down", description: "all machines of berth.yaml" },
    { command: "berth down --yes web db", description: "two of them, unasked" },
    { command: "berth down --all", description: "every machine of the engine" },
  ],
  async action(context, { name: names }, { yes, timeout, domain, all }) {
    const choose = chooseToRemove(await withFileRead(context), { names, domain, all });
    const engine = await openContextEngine(context);
    const choice = choose(await listMachines(engine, context.signal));
    for (const other of choice.others) context.note(`${whose(other)}: it stays`);
    if (!yes && choice.machines.length > 0)
      await confirm(context, {
        what: describe(choice.machines.map((machine) => machine.name)),
        hint: "say --yes to do it, or `berth stop` to keep them",
      });
    const result = await down(openTask(context, engine), {
      isChosen: (machine) => choose([machine]).machines.length > 0,
      domains: choice.domains,
      timeout,
      lockFile: engineLock(engine),
      onWaiting: () => context.note("waits for another berth that is at work on this engine"),
    });
    await context.result(result, () => "");
    if (result.removed.length === 0) context.note("there are no such machines");
    return undefined;
  },
});

function describe(names: readonly string[]): string {
  return `the ${names.length === 1 ? "machine" : `${names.length} machines`} (${names.map(plainText).join(", ")}) and all that is in ${names.length === 1 ? "it" : "them"}`;
}
