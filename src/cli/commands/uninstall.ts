import { type CommandGroup, defineCommand } from "#cli/frame/command.ts";
import { engineConfig, engineOptions } from "#cli/options/engine-options.ts";
import { renderReloads } from "#cli/render/unit-reload.ts";
import { uninstallRuntime } from "#ops/engine/install-runtime.ts";
import { all } from "./uninstall/all.ts";

const runtime = defineCommand({
  name: "runtime",
  summary: "Remove berth-runtime from the engine",
  description: `
    Removes the runtime "berth" from the engine's daemon.json, restores the previous default runtime, and
    removes the installed programs. The rest of the file stays. Fails while the engine has machines, which
    could not start without it.`,
  options: { ...engineOptions, force: { description: "even while machines need it" } },
  examples: [{ command: "berth uninstall runtime", description: "undo `berth install runtime`" }],
  async action(context, _args, options) {
    const config = await engineConfig(context, options);
    const change = await uninstallRuntime(config, options.force);
    await context.result(change, () => "");
    for (const warning of change.warnings) context.warn(warning);
    context.note(
      change.changed ? "the engine no longer knows the runtime berth" : `${change.file} has no runtime berth`,
    );
    for (const line of renderReloads(change)) context.note(line);
    return undefined;
  },
});

export const command: CommandGroup = {
  name: "uninstall",
  summary: "Remove berth's parts from the engine",
  description: "The counterpart of `berth install`: the runtime alone, or everything that berth has made.",
  examples: [
    { command: "berth uninstall runtime", description: "undo `berth install runtime`" },
    { command: "berth uninstall all --dry-run", description: "show everything berth made except machines" },
  ],
  commands: [runtime, all],
};
