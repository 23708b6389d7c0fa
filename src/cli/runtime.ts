import { BerthError } from "../errors.ts";
import { clearState, logRuntime, runtimeCreate } from "../ops/runtime-create.ts";

/**
 * `berth runtime create …`, which the launcher berth-runtime calls before the real runtime: short of every dependency,
 * since each container that boots waits for it. What goes wrong is said where the engine reads it, in the runtime's log.
 * Resolves to the exit status.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [verb, ...words] = argv;
  const { options, id } = parseCall(words);
  const [bundle, state, root, log = ""] = ["--bundle", "--state", "--root", "--log"].map((name) => options.get(name));
  if (verb !== "create" || id === undefined || bundle === undefined || state === undefined || root === undefined) {
    process.stderr.write(
      "usage: berth runtime create --bundle DIR --state DIR --root DIR [--log FILE] -- ID   (called by berth-runtime)\n",
    );
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

/** The one form which the launcher writes: `--name value` pairs, `--`, the id. (Loading node:util for its parseArgs takes 0.8 ms of every boot.) */
function parseCall(words: readonly string[]) {
  const options = new Map<string, string>();
  let at = 0;
  for (; at + 1 < words.length && words[at] !== "--"; at += 2) options.set(words[at] ?? "", words[at + 1] ?? "");
  return { options, id: words[at] === "--" && words.length === at + 2 ? words[at + 1] : undefined };
}
