import { defineCommand } from "#cli/frame/command.ts";
import { write } from "#cli/frame/io.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { runLoader } from "#daemons/loader/machine/run.ts";

export const run = defineCommand({
  name: "run",
  summary: "Run the machine that this service's labels describe",
  description: `
    What the loader's image runs. It finds its own container on the engine whose socket it has, reads the
    labels there, starts the machine beside it in its network, and follows it until it ends. Its standard
    output is the machine's console, its exit status the machine's.

    On SIGTERM the machine shuts down; it has the service's whole grace period for that. A guard, a container
    of its own, cleans up if the loader is killed.`,
  examples: [
    {
      command: "berth loader run",
      description: "in a service's container; elsewhere it reports what is missing",
    },
  ],
  async action(context) {
    context.io.outlastSignals();
    const engine = await openContextEngine(context);
    return await runLoader({
      engine,
      write: (data) => write(context.io.stdout, data),
      note: (text) => context.note(text),
      warn: (text) => context.warn(text),
      signal: context.signal,
    });
  },
});
