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
  description: `
    Stops the machines of berth.yaml, dependents first, and removes them with their file systems, then their
    network. Named volumes and images stay.

    Never touches machines that another file made. Without a file, give names, --domain, or --all for every
    machine of the engine.

    What a machine wrote into its own root is lost; \`berth stop\` keeps it. So it asks first, unless you give
    --yes.`,
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
    domain: { value: "DOMAIN", description: "machines on this network that no file made" },
    all: allOption,
  },
  examples: [
    { command: "berth down", description: "all machines of berth.yaml" },
    { command: "berth down --yes web db", description: "two of them, without asking" },
    { command: "berth down --all", description: "every machine of the engine" },
  ],
  async action(context, { name: names }, { yes, timeout, domain, all }) {
    const choose = chooseToRemove(await withFileRead(context), { names, domain, all });
    const engine = await openContextEngine(context);
    const choice = choose(await listMachines(engine, context.signal));
    for (const other of choice.others) context.note(`${whose(other)}: not removed`);
    if (!yes && choice.machines.length > 0)
      await confirm(context, {
        what: describe(choice.machines.map((machine) => machine.name)),
        hint: "use --yes to remove them, or `berth stop` to keep them",
      });
    const result = await down(openTask(context, engine), {
      isChosen: (machine) => choose([machine]).machines.length > 0,
      domains: choice.domains,
      timeout,
      lockFile: engineLock(engine),
      onWaiting: () => context.note("waiting for another berth that works on this engine"),
    });
    await context.result(result, () => "");
    if (result.removed.length === 0) context.note("no machines to remove");
    return undefined;
  },
});

function describe(names: readonly string[]): string {
  const list = names.map(plainText).join(", ");
  return names.length === 1
    ? `the machine (${list}) and all that is in it`
    : `the ${names.length} machines (${list}) and all that is in them`;
}
