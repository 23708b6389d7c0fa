import { createInterface } from "node:readline/promises";
import type { Context } from "#cli/frame/context.ts";
import { BerthError } from "#errors.ts";

/** What would be removed (example: `the machine (web)`), and the hint where no terminal can be asked. */
export interface Removal {
  readonly what: string;
  readonly hint: string;
}

/**
 * Asks on the terminal. Throws `usage` without a terminal, `interrupted` for a no and at the end of the input
 * (^D).
 */
export async function confirm({ io, signal }: Context, { what, hint }: Removal): Promise<void> {
  if (!io.stdinIsTerminal) throw new BerthError("usage", `this would remove ${what}`, { hint });
  const asking = createInterface({ input: io.stdin, output: io.stderr });
  try {
    // readline never answers a question once its input has ended.
    const ended = new Promise<string>((resolve) => asking.once("close", () => resolve("\n")));
    const answer = await Promise.race([asking.question(`Remove ${what}? [y/N] `, { signal }), ended]);
    if (answer === "\n") io.stderr.write("\n");
    if (!/^y(es)?$/i.test(answer.trim())) throw new BerthError("interrupted", "nothing was removed");
  } finally {
    asking.close();
  }
}
