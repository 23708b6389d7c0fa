import type { Context } from "./context.ts";
import type { ArgumentSpec, OptionSpec } from "./option-spec.ts";

export interface Example {
  /** The whole command line, starting with `berth`. */
  readonly command: string;
  /** What it does, one line. */
  readonly description: string;
}

interface Described {
  readonly name: string;
  /** One line in the imperative, without a full stop; the same as in the registry. */
  readonly summary: string;
  /** Paragraphs divided by an empty line; line breaks inside a paragraph mean nothing. */
  readonly description: string;
  /** At least one; shown by --help and in the manual. */
  readonly examples: readonly [Example, ...Example[]];
}

type Arguments = readonly ArgumentSpec[];
type Options = Readonly<Record<string, OptionSpec>>;

type Parsed<O> = O extends { readonly parse: (text: string) => infer T }
  ? T
  : O extends { readonly choices: readonly (infer C)[] }
    ? C
    : string;

/** The type of an option's value in `options`. */
export type OptionValue<O> = O extends { readonly value: string }
  ? O extends { readonly repeat: true }
    ? readonly Parsed<O>[]
    : O extends { readonly default: string }
      ? Parsed<O>
      : Parsed<O> | undefined
  : boolean;

type ArgumentValue<A> = A extends { readonly variadic: true }
  ? readonly Parsed<A>[]
  : A extends { readonly required: false }
    ? Parsed<A> | undefined
    : Parsed<A>;

export type ArgumentValues<A extends Arguments> = {
  readonly [S in A[number] as S["name"]]: ArgumentValue<S>;
};
export type OptionValues<O extends Options> = { readonly [K in keyof O]: OptionValue<O[K]> };

/** What a command's action works with. `registry` is for commands about commands: help, man, completion. */
export interface CommandContext extends Context {
  readonly registry: Registry;
}

/** What each command file exports as `export const command = defineCommand({…})`. */
export interface CommandSpec extends Described {
  readonly arguments: Arguments;
  readonly options: Options;
  /**
   * Words after the first argument belong to the command run inside, options too (`berth exec web ls -l`).
   */
  readonly passThrough: boolean;
  /** Resolves to an exit status, or to nothing for 0. Failures are thrown as BerthErrors. */
  action(
    context: CommandContext,
    args: Readonly<Record<string, unknown>>,
    options: Readonly<Record<string, unknown>>,
  ): ActionResult;
}

/** A word that only holds commands: `berth engine start`. */
export interface CommandGroup extends Described {
  /**
   * The name of the command that the word alone, or followed by options, calls; without one it shows its
   * help.
   */
  readonly default?: string;
  readonly commands: readonly CommandSpec[];
}

export type ActionResult = Promise<number | undefined>;

interface Definition<A extends Arguments, O extends Options> extends Described {
  readonly arguments?: A;
  readonly options?: O;
  readonly passThrough?: boolean;
  readonly action: (
    context: CommandContext,
    args: ArgumentValues<A>,
    options: OptionValues<O>,
  ) => ActionResult;
}

/** Types `args` and `options` of the action after their definitions. */
// biome-ignore lint/complexity/noBannedTypes: {} is "no options at all" here.
export function defineCommand<const A extends Arguments = readonly [], const O extends Options = {}>(
  definition: Definition<A, O>,
): CommandSpec {
  return {
    ...definition,
    arguments: definition.arguments ?? [],
    options: definition.options ?? {},
    passThrough: definition.passThrough ?? false,
    // The parser builds the values after these very definitions.
    action: (context, args, options) =>
      definition.action(context, args as ArgumentValues<A>, options as OptionValues<O>),
  };
}

export function isGroup(command: CommandSpec | CommandGroup): command is CommandGroup {
  return "commands" in command;
}

/** The headings of help, in its order. */
export const helpGroups = ["Machines", "Swarm", "Images", "Host", "Other"] as const;

export type HelpGroup = (typeof helpGroups)[number];

/** One line of the table of commands. Loading one command's module loads no other. */
export interface RegistryEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: HelpGroup;
  /** Left out of help, manual and completion. */
  readonly hidden?: boolean;
  readonly load: () => Promise<{ readonly command: CommandSpec | CommandGroup }>;
}

export type Registry = readonly RegistryEntry[];
