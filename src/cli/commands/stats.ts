import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { renderFrame, renderUsage } from "#cli/render/usage.ts";
import { sampleMachines } from "#ops/machine/stats.ts";
import type { MachineUsage } from "#plan/machine/usage.ts";

const intervalMs = 1000;

export const command = defineCommand({
  name: "stats",
  summary: "Show what machines use",
  description: `
    Shows a table of processor, memory, processes and traffic, like \`docker stats\`, redrawn every second
    until ^C; without names, of every running machine. If standard output is not a terminal, it prints the
    table once.

    CPU is a share of one processor: 150% is one and a half. \`--\` means that the host does not count it.
    With --json each machine's sample is one line, sizes in bytes.`,
  arguments: [
    {
      name: "name",
      description: "machines; all running ones by default",
      required: false,
      variadic: true,
      completes: "machine",
    },
  ],
  options: { noStream: { description: "print once" } },
  examples: [
    { command: "berth stats", description: "every machine that runs, until ^C" },
    { command: "berth stats web --json | jq .cpuPercent", description: "one number a second" },
    { command: "berth stats --no-stream", description: "once" },
  ],
  async action(context, { name: names }, { noStream }) {
    const engine = await openContextEngine(context);
    const samples = sampleMachines(engine, {
      names: [...new Set(names)],
      interval: intervalMs,
      signal: context.signal,
    });
    if (context.global.json) return await printLines(context, samples, noStream);
    if (noStream || !context.io.stdoutIsTerminal) return await printOnce(context, samples);
    return await drawLive(context, samples);
  },
});

type Samples = AsyncGenerator<readonly MachineUsage[]>;

/** A line a machine and second; with `once` the first complete ones alone. */
async function printLines(context: Context, samples: Samples, once: boolean): Promise<undefined> {
  let first = true;
  for await (const machines of samples) {
    // The CPU share takes two samples.
    if (!first) for (const machine of machines) await context.item(machine, () => "");
    if (once && !first) return undefined;
    first = false;
  }
  return undefined;
}

async function printOnce(context: Context, samples: Samples): Promise<undefined> {
  let first = true;
  for await (const machines of samples) {
    if (!first) return void (await context.result(machines, (view) => renderUsage(machines, view)));
    first = false;
  }
  return undefined;
}

async function drawLive(context: Context, samples: Samples): Promise<number> {
  const { io, signal } = context;
  let drawn = 0;
  try {
    for await (const machines of samples) {
      await context.item(machines, (view) => {
        const { output, lines } = renderFrame(renderUsage(machines, view), drawn, {
          rows: io.rows(),
          columns: io.columns(),
        });
        drawn = lines;
        return output;
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  // ^C is the normal way to leave this view.
  return 0;
}
