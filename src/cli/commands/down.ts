import { createInterface } from "node:readline/promises";
import { BerthError } from "../../errors.ts";
import { chosenMachines, down } from "../../ops/down.ts";
import { engineLock } from "../../ops/open-engine.ts";
import { parseDuration } from "../../spec/duration.ts";
import { defaults } from "../../spec/machine.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { findFleetFile, readFleetFile } from "../fleet-file.ts";
import { openContextEngine } from "../open.ts";
import { plainText } from "../render/text.ts";

export const command = defineCommand({
  name: "down",
  summary: "Stop and remove machines and their network",
  description: `Stops the machines of berth.yaml, dependents first, and removes them with their file systems, then their network. Named volumes and images stay. Without a file, or with names, those of --domain.

What a machine has written into its own root is lost; \`berth stop\` keeps it. So it asks first, or wants --yes.`,
  arguments: [{ name: "name", description: "machines; all by default", required: false, variadic: true, completes: "machine" }],
  options: {
    yes: { short: "y", description: "do not ask" },
    timeout: { short: "t", value: "SECONDS", description: "time to shut down before they are killed", parse: parseDuration },
    domain: { value: "DOMAIN", description: `network of machines without a file (${defaults.domain})` },
  },
  examples: [
    { command: "berth down", description: "all machines of berth.yaml" },
    { command: "berth down --yes web db", description: "two of them, unasked" },
  ],
  async action(context, { name: given }, { yes, timeout, domain: wanted }) {
    const path = findFleetFile(context);
    const fleet = path === undefined || wanted !== undefined ? undefined : readFleetFile(path, context);
    const domain = wanted ?? fleet?.network.domain ?? defaults.domain;
    const names = given.length > 0 ? given : (fleet?.machines.map((machine) => machine.name) ?? []);
    const engine = await openContextEngine(context);
    const chosen = await chosenMachines(engine, domain, { names, signal: context.signal });
    if (!yes && chosen.length > 0)
      await confirm(
        context,
        chosen.map((machine) => machine.name),
      );
    const progress = context.progress();
    const result = await down(engine, domain, {
      names,
      timeout,
      signal: context.signal,
      lockFile: engineLock(engine),
      onWaiting: () => context.note("waits for another berth that is at work on this engine"),
      onState: (machine, state) => progress.update(machine, { state }),
    });
    await context.result(result, () => "");
    if (result.removed.length === 0) context.note("there are no such machines");
    return undefined;
  },
});

/** Asks on the terminal. Throws `usage` where nobody can be asked, `interrupted` for a no. */
async function confirm({ io, signal }: Context, names: readonly string[]): Promise<void> {
  const what = `${names.length === 1 ? "machine" : `${names.length} machines`} (${names.map(plainText).join(", ")}) and all that is in ${names.length === 1 ? "it" : "them"}`;
  if (!io.stdinIsTerminal) {
    throw new BerthError("usage", `this would remove the ${what}`, { hint: "say --yes to do it, or `berth stop` to keep them" });
  }
  const asking = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = await asking.question(`Remove the ${what}? [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new BerthError("interrupted", "nothing was removed");
  } finally {
    asking.close();
  }
}
