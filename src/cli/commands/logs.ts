import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { journalOnly, parseLines } from "#cli/logs/log-request.ts";
import { type LogView, showConsole, showJournal } from "#cli/logs/machine-logs.ts";
import { showServiceLog } from "#cli/logs/swarm-logs.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { createStyle, wantsColor } from "#cli/render/color.ts";
import { pad, plainText, textWidth } from "#cli/render/text.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { hasCode } from "#errors.ts";
import { findMachine, findMachines } from "#ops/machine/machines.ts";
import { findSwarmMachine } from "#ops/swarm/swarm-machines.ts";
import type { Machine } from "#plan/machine/machine.ts";
import type { SwarmMachine } from "#plan/swarm/machines.ts";
import { usageError } from "#usage.ts";

export const command = defineCommand({
  name: "logs",
  summary: "Show the journal or the console of machines",
  description: `
    Shows the journal of running machines with their own journalctl, whose options these are. For a machine
    that does not run, or keeps no journal, it shows the log of the console instead, and says so. --console
    always shows that log.

    With several machines every line starts with the machine's name. They come one after another, or with
    --follow as they happen. Following ends when the machines stop. Times are the machine's own; 10m means ten
    minutes ago.

    For a machine of a swarm service, by its own name or the service's, it shows the console, whatever node it
    is on.

    On a terminal a line keeps its colours but no other control sequence; a pipe or a file gets every byte
    unchanged.

    With --json every entry is one line of JSON with the journal's fields and the machine.`,
  arguments: [{ name: "name", description: "machines", variadic: true, completes: "machine" }],
  options: {
    follow: { short: "f", description: "keep showing new lines" },
    lines: {
      short: "n",
      value: "N",
      description: "number of last lines, or all (default: all; 10 with --follow)",
      parse: parseLines,
    },
    since: { short: "S", value: "TIME", description: 'start at this time: 10m, today, "2030-01-31 12:00"' },
    until: { short: "U", value: "TIME", description: "end at this time" },
    timestamps: { short: "t", description: "exact times, in ISO format" },
    unit: { short: "u", value: "UNIT", repeat: true, description: "only this systemd unit" },
    priority: {
      short: "p",
      value: "LEVEL",
      description: "at least this important (example: err), or a range",
    },
    grep: { short: "g", value: "PATTERN", description: "only messages that match" },
    boot: { short: "b", description: "only the current boot" },
    bootId: {
      value: "BOOT",
      description: "only this boot: 0 is the current one, -1 the one before, or its id",
    },
    output: {
      short: "o",
      value: "FORMAT",
      description: "journalctl's output format (examples: short-iso, cat, verbose)",
    },
    noHostname: { description: "leave out the host name" },
    console: { description: "show the console's log instead of the journal" },
  },
  examples: [
    { command: "berth logs -f web", description: "follow the journal" },
    {
      command: "berth logs -u nginx -p err --since 1h web db",
      description: "errors of a service in two machines",
    },
    { command: "berth logs --console -n 50 web", description: "how the machine booted" },
    { command: "berth logs --json -b web | jq -r .MESSAGE", description: "for programs" },
  ],
  async action(context, { name: names }, { console, ...options }) {
    const { json, quiet } = context.global;
    const request = { ...options, json, quiet };
    if (json && options.output !== undefined) throw usageError("--output and --json cannot be combined");
    if (options.boot && options.bootId !== undefined)
      throw usageError("--boot and --boot-id cannot be combined");
    const [flag] = journalOnly(request);
    if (console && flag !== undefined)
      throw usageError(`${flag} and --console cannot be combined: ${flag} needs the journal`);
    const engine = await openContextEngine(context);
    const machines = await findSources(engine, [...new Set(names)], context.signal);
    const prefix = createPrefix(
      context,
      machines.map(({ name }) => name),
    );
    const showLocal = console ? showConsole : showJournal;
    const show = (own: Context, machine: Source) => {
      const view = { context: own, engine, request, prefix };
      return "service" in machine ? showServiceLog(view, machine) : showLocal(view, machine);
    };
    if (options.follow) return followAll(context, machines, show);
    let status = 0;
    for (const machine of machines) {
      status = (await show(context, machine)) || status;
      if (context.signal.aborted) break;
    }
    return status;
  },
});

type Source = Machine | SwarmMachine;

/**
 * Machines of the engine, and for names that none of them bears those of its swarm. Throws `not-found`,
 * `not-ours`.
 */
async function findSources(
  engine: Engine,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly Source[]> {
  try {
    return await findMachines(engine, names, signal);
  } catch (error) {
    if (!hasCode(error, "not-found") || !Array.isArray(error.details)) throw error;
    const missing: readonly unknown[] = error.details;
    const found = await Promise.all(
      names.map((name) =>
        missing.includes(name) ? findSwarmMachine(engine, name, signal) : findMachine(engine, name, signal),
      ),
    );
    if (found.includes(undefined)) throw error;
    return found.flatMap((machine) => machine ?? []);
  }
}

/** Shows all at once; when one fails, the others end too. Resolves to the first status that is not 0. */
async function followAll(
  context: Context,
  machines: readonly Source[],
  show: (context: Context, machine: Source) => Promise<number>,
): Promise<number> {
  const failure = new AbortController();
  const own = { ...context, signal: AbortSignal.any([context.signal, failure.signal]) };
  const statuses = await Promise.all(
    machines.map(async (machine) => {
      try {
        return await show(own, machine);
      } catch (error) {
        failure.abort(error);
        return 1;
      }
    }),
  );
  if (failure.signal.aborted) throw failure.signal.reason;
  return statuses.find((status) => status !== 0) ?? 0;
}

/** As compose does it: the name, padded to the longest, in a colour of its own. */
function createPrefix({ io, global }: Context, names: readonly string[]): LogView["prefix"] {
  if (names.length === 1) return () => "";
  const style = createStyle(wantsColor(io.stdoutIsTerminal, global.noColor, io.env));
  const paints = [style.cyan, style.yellow, style.green];
  const width = Math.max(...names.map(textWidth));
  return (machine) => {
    const paint = paints[names.indexOf(machine.name) % paints.length] ?? style.bold;
    return paint(`${pad(plainText(machine.name), width)} | `);
  };
}
