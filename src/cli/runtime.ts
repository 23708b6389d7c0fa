import { parseArgs } from "node:util";
import { BerthError } from "../errors.ts";
import { clearState, logRuntime, runtimeCreate } from "../ops/runtime-create.ts";

/**
 * `berth runtime create …`, which the launcher berth-runtime calls before the real runtime: short of every dependency,
 * since each container that boots waits for it. What goes wrong is said where the engine reads it, in the runtime's log.
 * Resolves to the exit status.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { bundle: { type: "string" }, state: { type: "string" }, root: { type: "string" }, log: { type: "string", default: "" } },
  });
  const [verb, id] = positionals;
  const { bundle, state, root, log } = values;
  if (verb !== "create" || id === undefined || bundle === undefined || state === undefined || root === undefined) {
    process.stderr.write("usage: berth runtime create --bundle DIR --state DIR --root DIR [--log FILE] ID   (called by berth-runtime)\n");
    return 2;
  }
  try {
    for (const warning of runtimeCreate({ id, bundle, state, root })) logRuntime(log, "warning", `berth: ${warning}`);
    return 0;
  } catch (error) {
    clearState(state);
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof BerthError && error.hint !== undefined ? `; ${error.hint}` : "";
    logRuntime(log, "error", `berth: ${message}${hint}`);
    process.stderr.write(`berth: ${message}${hint}\n`);
    return error instanceof BerthError ? error.exitStatus : 1;
  }
}
