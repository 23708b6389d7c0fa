import type { OptionValues } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { BerthError } from "#errors.ts";
import { findEngineConfig } from "#ops/engine/engine-config.ts";
import type { EngineConfig } from "#ops/engine/install-runtime.ts";

/** Which engine's configuration `install` and `uninstall` work on. */
export const engineOptions = {
  engineConfig: {
    value: "FILE",
    description: "the engine's daemon.json (the one that dockerd reads)",
    completes: "file",
  },
  enginePid: { value: "PID", description: "dockerd's process (the one at its socket)", parse: parsePid },
} as const;

/** The daemon.json and the process of the engine that the command line names. */
export function engineConfig(
  { io, global, signal }: Context,
  chosen: OptionValues<typeof engineOptions>,
): Promise<EngineConfig> {
  return findEngineConfig(
    { env: io.env, host: global.host, context: global.context, signal },
    chosen.engineConfig,
    chosen.enginePid,
  );
}

function parsePid(text: string): number {
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid < 2)
    throw new BerthError("usage", `invalid process id "${text}" (example: 1234)`);
  return pid;
}
