import { defineCommand } from "#cli/frame/command.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { serveGuard } from "#daemons/loader/guard/guard.ts";
import { BerthError } from "#errors.ts";
import { type GuardTask, guardPaths } from "#plan/loader/guard.ts";

export const guard = defineCommand({
  name: "guard",
  summary: "Guard a loader's machine",
  description: `
    A loader starts it in a container of its own beside its machine; it is not for people. It holds the
    machine's folder, publishes its ports in the host's network, and cleans up when the loader is gone.`,
  examples: [{ command: "berth loader guard", description: "in the container that a loader made for it" }],
  async action(context) {
    const { env, stdout, outlastSignals } = context.io;
    outlastSignals();
    const task = parseTask(env[guardPaths.task]);
    const engine = await openContextEngine(context);
    await serveGuard({
      engine,
      task,
      report: (report) => void stdout.write(`${JSON.stringify(report)}\n`),
      note: (text) => context.note(text),
    });
    return undefined;
  },
});

function parseTask(text: string | undefined): GuardTask {
  if (text === undefined) {
    throw new BerthError("usage", "only a loader can start a guard", {
      hint: "See 'berth loader --help'.",
    });
  }
  return JSON.parse(text) as GuardTask;
}
