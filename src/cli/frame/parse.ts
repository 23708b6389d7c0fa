import { type Command, CommanderError } from "commander";
import { BerthError } from "#errors.ts";
import { buildCommand, buildRoot, type Chosen, type HelpOutput } from "./build-command.ts";
import {
  type CommandGroup,
  type CommandSpec,
  isGroup,
  type Registry,
  type RegistryEntry,
} from "./command.ts";
import { type GlobalOptions, globalsBeside, parseGlobals } from "./global-options.ts";
import type { OptionSpec } from "./option-spec.ts";
import { type Environment, parseArgument, parseOption } from "./option-values.ts";

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | {
      readonly kind: "command";
      readonly spec: CommandSpec;
      readonly args: Readonly<Record<string, unknown>>;
      readonly options: Readonly<Record<string, unknown>>;
      readonly global: GlobalOptions;
    };

/** Loads the one command that is called and reads its words. Throws BerthError `usage`. */
export async function parse(
  argv: readonly string[],
  env: Environment,
  columns: number,
  registry: Registry,
): Promise<Invocation> {
  const help: string[] = [];
  const output: HelpOutput = { columns, write: (text) => help.push(text) };
  const root = buildRoot(registry, output);
  let path = "berth";
  try {
    // Stops at the first word that is a command, and leaves the rest alone.
    const { operands, unknown } = root.parseOptions([...argv]);
    if (root.getOptionValue("version") === true) return { kind: "version" };
    const entry = findEntry(registry, operands[0]);
    if (entry !== undefined) {
      path = `berth ${entry.name}`;
      return await parseCommand(root, entry, unknown, env, output);
    }
    // Let commander find the error. An unknown command is an error even with --help behind it.
    if (operands[0] !== undefined) root.parse([operands[0]], { from: "user" });
    else if (unknown.length > 0) root.parse(argv, { from: "user" });
    root.outputHelp();
    return { kind: "help", text: help.join("") };
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.code === "commander.helpDisplayed" || thrown.code === "commander.help")
      return { kind: "help", text: help.join("") };
    // The second line, if any, is "(Did you mean …?)".
    const [message = "", suggestion = ""] = thrown.message.split("\n");
    throw new BerthError("usage", message.replace(/^error: /, ""), {
      hint: `${suggestion.replace(/^\((.*)\)$/, "$1 ")}See '${path} --help'.`,
    });
  }
}

/**
 * The help of a command by its words, e.g. `["engine", "start"]`; of berth itself without any. Throws
 * BerthError `usage`.
 */
export async function helpText(
  words: readonly string[],
  columns: number,
  registry: Registry,
): Promise<string> {
  const found = await parse([...words, "--help"], {}, columns, registry);
  if (found.kind !== "help")
    throw new BerthError("usage", `no help for "${words.join(" ")}"`, {
      hint: "See 'berth --help'.",
    });
  return found.text;
}

async function parseCommand(
  root: Command,
  entry: RegistryEntry,
  words: string[],
  env: Environment,
  output: HelpOutput,
): Promise<Invocation> {
  const { command: definition } = await entry.load();
  const chosen: Chosen[] = [];
  const built = buildCommand(definition, "berth", output, (one) => chosen.push(one));
  built.parse(withDefault(definition, built, words), { from: "user" });
  const [one] = chosen;
  if (one === undefined) throw new BerthError("internal", `berth ${entry.name} called no command`);
  const { spec, command } = one;
  const levels = [root, ...(command === built ? [] : [built]), command];
  return {
    kind: "command",
    spec,
    args: parseArguments(spec, command, env, `See 'berth ${entry.name} --help'.`),
    options: parseOptions(spec.options, command, env),
    global: parseGlobals(
      ...levels.map((level) =>
        parseOptions(globalsBeside(level === command ? spec.options : {}), level, env),
      ),
    ),
  };
}

/**
 * The words of a group with its default command's name where they name none; only help stays the group's own.
 */
function withDefault(
  definition: CommandSpec | CommandGroup,
  built: Command,
  words: readonly string[],
): readonly string[] {
  if (!isGroup(definition) || definition.default === undefined) return words;
  const { operands, unknown } = built.parseOptions([...words]);
  const asksHelp = unknown.includes("--help") || unknown.includes("-h");
  return operands.length > 0 || asksHelp ? words : [definition.default, ...words];
}

function parseArguments(
  spec: CommandSpec,
  command: Command,
  env: Environment,
  hint: string,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    spec.arguments.map((argument, at) => {
      const given: string | readonly string[] | undefined = command.processedArgs[at];
      // `berth exec web -- ls`: the dashes only divide.
      const words =
        spec.passThrough && at > 0 && Array.isArray(given) && given[0] === "--" ? given.slice(1) : given;
      return [argument.name, parseArgument(argument, words, env, hint)];
    }),
  );
}

function parseOptions(
  specs: Readonly<Record<string, OptionSpec>>,
  command: Command,
  env: Environment,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(specs).map(([key, spec]) => [key, parseOption(command, key, spec, env)]),
  );
}

function findEntry(registry: Registry, word: string | undefined): RegistryEntry | undefined {
  return registry.find(
    (entry) => entry.name === word || (word !== undefined && entry.aliases?.includes(word)),
  );
}
