import { type Command, CommanderError } from "commander";
import { BerthError } from "../errors.ts";
import { buildCommand, buildRoot, type Chosen } from "./build-command.ts";
import type { CommandSpec, Registry, RegistryEntry } from "./command.ts";
import { type GlobalOptions, globalOptions, readGlobals } from "./global-options.ts";
import { type Environment, readArgument, readOption } from "./option-values.ts";

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
export async function parse(argv: readonly string[], env: Environment, columns: number, registry: Registry): Promise<Invocation> {
  const root = buildRoot(registry, columns);
  try {
    // Stops at the first word that is a command, and leaves the rest alone.
    const { operands, unknown } = root.parseOptions([...argv]);
    if (root.getOptionValue("version") === true) return { kind: "version" };
    const entry = findEntry(registry, operands[0]);
    if (entry === undefined) {
      if (operands.length === 0 && unknown.length === 0) return { kind: "help", text: root.helpInformation() + helpEnd(root) };
      root.parse(argv, { from: "user" });
      throw new BerthError("usage", `"${operands[0]}" is not a berth command`, { hint: "See 'berth --help'." });
    }
    return await parseCommand(root, entry, unknown, env, columns);
  } catch (thrown) {
    return explain(thrown, root, "berth");
  }
}

/** The help of a command by its words, e.g. `["dns", "serve"]`; of berth itself without any. Throws BerthError `usage`. */
export async function helpText(words: readonly string[], columns: number, registry: Registry): Promise<string> {
  const found = await parse([...words, "--help"], {}, columns, registry);
  if (found.kind !== "help") throw new BerthError("internal", `there is no help for "${words.join(" ")}"`);
  return found.text;
}

async function parseCommand(
  root: Command,
  entry: RegistryEntry,
  words: readonly string[],
  env: Environment,
  columns: number,
): Promise<Invocation> {
  const { command: definition } = await entry.load();
  const chosen: Chosen[] = [];
  const built = buildCommand(definition, "berth", columns, (one) => chosen.push(one));
  try {
    built.parse(words, { from: "user" });
  } catch (thrown) {
    return explain(thrown, built, `berth ${entry.name}`);
  }
  const [one] = chosen;
  if (one === undefined) throw new BerthError("internal", `berth ${entry.name} called no command`);
  const { spec, command } = one;
  const groups = command === built ? [root] : [root, built];
  return {
    kind: "command",
    spec,
    args: Object.fromEntries(
      spec.arguments.map((argument, at) => [argument.name, readArgument(argument, command.processedArgs[at], env)]),
    ),
    options: readAll(spec.options, command, env),
    global: readGlobals(...groups.map((group) => readAll(globalOptions, group, env, "given")), globalsOf(spec, command, env)),
  };
}

function readAll(
  specs: CommandSpec["options"],
  command: Command,
  env: Environment,
  switches: "given" | "always" = "always",
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(specs).map(([key, spec]) => {
      const value = readOption(command, key, spec, env);
      return [key, value === undefined && !spec.value && switches === "always" ? false : value];
    }),
  );
}

/** The global options given after the command's name, without those the command has taken for itself. */
function globalsOf(spec: CommandSpec, command: Command, env: Environment): Readonly<Record<string, unknown>> {
  const free = Object.entries(globalOptions).filter(([key]) => !(key in spec.options));
  return readAll(Object.fromEntries(free), command, env, "given");
}

function findEntry(registry: Registry, word: string | undefined): RegistryEntry | undefined {
  return registry.find((entry) => entry.name === word || (word !== undefined && entry.aliases?.includes(word)));
}
