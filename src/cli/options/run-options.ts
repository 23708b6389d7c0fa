import type { Context } from "#cli/frame/context.ts";
import { isInteractive } from "#cli/terminal/terminal.ts";
import { usageError } from "#usage.ts";

/** The options of a command that runs another, as far as they decide about its streams. */
export interface StreamOptions {
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly noTty: boolean;
  readonly detach?: boolean;
}

/**
 * Whether a command run inside gets a terminal and a standard input. Throws `usage` for what goes not
 * together, as docker does.
 */
export function wantsTerminal(
  { io, global }: Pick<Context, "io" | "global">,
  options: StreamOptions,
): { tty: boolean; stdin: boolean } {
  const { interactive, tty, noTty, detach = false } = options;
  if (tty && noTty) throw usageError("--tty and --no-tty cannot be combined");
  if (tty && global.json) throw usageError("--tty and --json cannot be combined");
  if (tty && interactive && !io.stdinIsTerminal)
    throw usageError("--tty with --interactive needs a terminal as standard input");
  const implied = isInteractive(io) && !noTty && !global.json && !detach;
  return { tty: tty || implied, stdin: interactive || implied };
}

/** Its variables: those given, a name alone with our own value; with a terminal TERM, which only we know. */
export function commandEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
  given: readonly string[],
  tty: boolean,
): readonly string[] {
  const named = given.map((variable) => {
    const value = ours[variable];
    return variable.includes("=") || value === undefined ? variable : `${variable}=${value}`;
  });
  const term = ours.TERM;
  return tty && term && !given.some((variable) => /^TERM(=|$)/.test(variable))
    ? [`TERM=${term}`, ...named]
    : named;
}
