import { type CommandGroup, defineCommand } from "#cli/frame/command.ts";
import { engineConfig, engineOptions } from "#cli/options/engine-options.ts";
import { installDirectory, installRuntime } from "#ops/engine/install-runtime.ts";

const runtime = defineCommand({
  name: "runtime",
  summary: "Register berth-runtime with the engine",
  description: `Copies berth and berth-runtime to ${installDirectory} and adds the runtime "berth" to the engine's daemon.json. Everything else in that file stays, the file before is kept beside it as daemon.json.berth-backup, and the engine reads it again without a restart. Then \`docker run -d -t --runtime=berth IMAGE\` boots IMAGE.

With --default every container goes through it: those that run an init boot, all others are handed to the real runtime untouched.`,
  options: {
    ...engineOptions,
    default: { description: "make it the engine's default runtime" },
    inPlace: { description: "use the programs where they are, copy nothing" },
    realRuntime: { value: "PATH", description: "runtime that does the work (runc)" },
  },
  examples: [
    { command: "berth install runtime", description: "for `docker run --runtime=berth`" },
    { command: "berth install runtime --default", description: "for plain `docker run`" },
  ],
  async action(context, _args, options) {
    const config = await engineConfig(context, options);
    const change = await installRuntime(config, {
      makeDefault: options.default,
      inPlace: options.inPlace,
      realRuntime: options.realRuntime,
      program: process.execPath,
    });
    await context.result(change, () => "");
    context.note(
      change.active
        ? `the engine knows the runtime berth${change.changed ? "" : " already"}`
        : `${change.file} is written; no engine runs, the next one to start will read it`,
    );
    return undefined;
  },
});

export const command: CommandGroup = {
  name: "install",
  summary: "Add berth's parts to the engine",
  description: "Each part can be taken away again with `berth uninstall`.",
  examples: [{ command: "berth install runtime", description: "plain `docker run` boots machines" }],
  commands: [runtime],
};
