import { type CommandGroup, defineCommand } from "#cli/frame/command.ts";
import { engineConfig, engineOptions } from "#cli/options/engine-options.ts";
import { renderReloads } from "#cli/render/unit-reload.ts";
import { installRuntime } from "#ops/engine/install-runtime.ts";
import { installDirectory } from "#ops/engine/installed-programs.ts";

const runtime = defineCommand({
  name: "runtime",
  summary: "Register berth-runtime with the engine",
  description: `
    Copies berth and berth-runtime to ${installDirectory} and adds the runtime "berth" to the engine's
    daemon.json. The rest of that file stays, and the previous file is kept beside it as
    daemon.json.berth-backup. The engine reloads it without a restart. Then \`docker run -d -t --runtime=berth
    IMAGE\` boots IMAGE.

    With --default every container goes through it: those that run an init boot, all others go to the real
    runtime unchanged.

    Works for engines of this host: the daemon.json is that of the dockerd at the engine's socket. For a
    rootless engine run it as its user, with --in-place.`,
  options: {
    ...engineOptions,
    default: { description: "make it the engine's default runtime" },
    inPlace: { description: "use the programs where they are, copy nothing" },
    realRuntime: { value: "PATH", description: "runtime to hand containers to (runc)" },
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
    for (const warning of change.warnings) context.warn(warning);
    context.note(
      change.active
        ? `the engine knows the runtime berth${change.changed ? "" : " already"}`
        : `wrote ${change.file}; no engine is running, so it takes effect when one starts`,
    );
    for (const line of renderReloads(change)) context.note(line);
    return undefined;
  },
});

export const command: CommandGroup = {
  name: "install",
  summary: "Add berth's parts to the engine",
  description: "`berth uninstall` removes each part again.",
  examples: [{ command: "berth install runtime", description: "plain `docker run` boots machines" }],
  commands: [runtime],
};
