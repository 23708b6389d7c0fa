import type { Registry } from "./command.ts";
import type { Io } from "./io.ts";

/**
 * The whole command line: `argv` without the program's name. Writes to `io` alone and resolves to the exit
 * status (0 done, 1 failed, 2 wrong usage or file, 3 no engine, 4 not found, 5 boot failed or degraded, 130
 * interrupted, 141 the reader of standard output has gone).
 */
export async function run(argv: readonly string[], io: Io, commands?: Registry): Promise<number> {
  const [{ execute }, { registry }] = await Promise.all([import("./execute.ts"), import("#cli/registry.ts")]);
  return execute(argv, io, commands ?? registry);
}
