import { BerthError } from "#errors.ts";
import type { OptionSpec } from "./option-spec.ts";

/**
 * Options every command takes, before or after its name. A command's own option of the same name or letter
 * wins after the name.
 */
export const globalOptions = {
  host: { short: "H", value: "HOST", description: "engine to talk to: unix://, tcp:// or ssh://" },
  context: { value: "NAME", description: "docker context to take the engine from" },
  file: { short: "f", value: "FILE", description: "machine file, instead of berth.yaml", completes: "file" },
  json: { description: "machine-readable results, same as --format json" },
  format: { value: "FORMAT", description: "form of the results", choices: ["table", "json"] },
  quiet: { short: "q", description: "print results and errors only" },
  noColor: { description: "no colours (as with NO_COLOR set)" },
  debug: { description: "print causes and stack of an error" },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export interface GlobalOptions {
  readonly host: string | undefined;
  readonly context: string | undefined;
  readonly file: string | undefined;
  /**
   * The content of `file` if that is a pipe or the like, which can be read only once and may block.
   */
  readonly piped?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly noColor: boolean;
  readonly debug: boolean;
}

/**
 * The global options a command with these options of its own still takes: its names and letters are its own.
 */
export function globalsBeside(
  own: Readonly<Record<string, OptionSpec>>,
): Readonly<Record<string, OptionSpec>> {
  const letters = new Set(Object.values(own).map((option) => option.short));
  return Object.fromEntries(
    Object.entries<OptionSpec>(globalOptions)
      .filter(([key]) => !(key in own))
      .map(([key, option]) => {
        if (option.short === undefined || !letters.has(option.short)) return [key, option];
        const { short: _taken, ...rest } = option;
        return [key, rest];
      }),
  );
}

/** Makes the options out of parsed values; those after the command's name come later in the list and win. */
export function parseGlobals(...given: readonly Readonly<Record<string, unknown>>[]): GlobalOptions {
  const last = (key: string): unknown => given.findLast((values) => values[key] !== undefined)?.[key];
  const text = (key: keyof typeof globalOptions): string | undefined => last(key) as string | undefined;
  const flag = (key: keyof typeof globalOptions): boolean => given.some((values) => values[key] === true);
  const globals: GlobalOptions = {
    host: text("host"),
    context: text("context"),
    file: text("file"),
    json: flag("json") || last("format") === "json",
    quiet: flag("quiet"),
    noColor: flag("noColor"),
    debug: flag("debug"),
  };
  if (globals.host !== undefined && globals.context !== undefined) {
    throw new BerthError("usage", "--host and --context cannot be combined", {
      hint: "Give one of the two.",
    });
  }
  return globals;
}

/**
 * What a command line that could not be parsed most likely asked for, so that its error comes out in the
 * right form.
 */
export function guessGlobals(argv: readonly string[]): GlobalOptions {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  const format = words.some(
    (word, index) => word === "--format=json" || (word === "--format" && words[index + 1] === "json"),
  );
  return {
    host: undefined,
    context: undefined,
    file: undefined,
    json: format || words.includes("--json"),
    quiet: false,
    noColor: words.includes("--no-color"),
    debug: words.includes("--debug"),
  };
}
