import type { Context } from "#cli/frame/context.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { openEngine } from "#ops/engine/open-engine.ts";

/** The engine that the command line and the environment name. */
export function openContextEngine({ global, io, signal }: Context): Promise<Engine> {
  return openEngine({ env: io.env, host: global.host, context: global.context, signal });
}
