/**
 * What a word on the command line names, so that the shell can complete it. `command` is a command of berth.
 */
export type CompletionHint = "machine" | "image" | "command" | "file" | "directory";

export interface ArgumentSpec {
  /** Key in `args`; shown in capitals. */
  readonly name: string;
  readonly description: string;
  /** True by default. */
  readonly required?: boolean;
  /** Takes all remaining words; only the last argument may. */
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  /** Environment variable read when the argument is missing; a variadic one is split at white space. */
  readonly env?: string;
  readonly completes?: CompletionHint;
}

/**
 * An option; its key in the record is its long name in camelCase: `noTrunc` is `--no-trunc`.
 * Without `value` it is a switch and its value a boolean.
 */
export interface OptionSpec {
  /** One letter without the dash. A command's letter hides a global option's. */
  readonly short?: string;
  /** The value's name in capitals, e.g. `IMAGE`. */
  readonly value?: string;
  /** May be given several times; the value is a list. */
  readonly repeat?: boolean;
  readonly description: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  /**
   * Environment variable read when the option is not given (empty counts as unset); a list is split at white
   * space.
   */
  readonly env?: string;
  readonly completes?: CompletionHint;
  /** Turns the text into the value; throws BerthError `usage` when it cannot. */
  readonly parse?: (text: string) => unknown;
  /** Left out of help, manual and completion. */
  readonly hidden?: boolean;
  /** Keys of earlier names, which still work and are shown nowhere. */
  readonly formerly?: readonly string[];
}
