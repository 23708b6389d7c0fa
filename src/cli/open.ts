import type { Engine } from "../engine/engine.ts";
import { openEngine } from "../ops/open-engine.ts";
import type { Context } from "./context.ts";

/** The engine that the command line and the environment name. */
export function openContextEngine({ global, io, signal }: Context): Promise<Engine> {
  return openEngine({ env: io.env, host: global.host, context: global.context, signal });
}
