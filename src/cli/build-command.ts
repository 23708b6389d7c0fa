import { Argument, Command } from "commander";
import { type CommandGroup, type CommandSpec, type Example, isGroup, type Registry } from "./command.ts";
import { globalOptions } from "./global-options.ts";
import { commanderOption } from "./option-values.ts";

/** The commander command that was recognised, with the definition it was made from. */
export interface Chosen {
  readonly spec: CommandSpec;
  readonly command: Command;
}

const longestLine = 100;

/** The top command. Its children are names only: each is loaded when it is called. */
export function buildRoot(registry: Registry, columns: number): Command {
  const root = dressed(new Command("berth"), columns)
    .usage("[OPTIONS] COMMAND")
    .description("Run whole Linux machines on Docker.")
    .enablePositionalOptions();
  addGlobals(root, new Set());
  root.option("-v, --version", "show the version and exit");
  root.optionsGroup("Options:");
  const shown = registry.filter((entry) => !entry.hidden);
  const order = ["Machines", "Images", "Host", "Other"] as const;
  for (const group of order) {
    for (const entry of shown.filter((one) => one.group === group)) {
      const child = root.command(entry.name).summary(entry.summary).helpGroup(`${group}:`);
      if (entry.aliases) child.aliases(entry.aliases);
    }
  }
  for (const entry of registry.filter((one) => one.hidden)) root.command(entry.name, { hidden: true });
  root.addHelpText("after", "\n'berth COMMAND --help' says more about a command, 'berth man' prints the manual.");
  return root;
}

/** A loaded command or group, complete; `choose` hears which one the words called. */
export function buildCommand(
  definition: CommandSpec | CommandGroup,
  parentPath: string,
  columns: number,
  choose: (chosen: Chosen) => void,
): Command {
  const path = `${parentPath} ${definition.name}`;
  const command = dressed(new Command(path), columns).description(paragraphs(definition.description)).summary(definition.summary);
  if (isGroup(definition)) {
    command.usage("COMMAND").enablePositionalOptions();
    addGlobals(command, new Set());
    for (const spec of definition.commands) {
      const child = buildCommand(spec, path, columns, choose).name(spec.name).helpGroup("Commands:");
      // A name of one word, for commander to find it by; the whole path then stands in front of the usage by itself.
      command.addCommand(child);
    }
  } else {
    addOwn(command, definition);
    command.action(() => choose({ spec: definition, command }));
  }
  command.addHelpText("after", examplesText(definition.examples));
  return command;
}

function addOwn(command: Command, spec: CommandSpec): void {
  command.usage(usageOf(spec)).passThroughOptions(spec.passThrough).enablePositionalOptions(spec.passThrough);
  for (const argument of spec.arguments) {
    // Whether it is missing is known only when its variable has been looked at.
    const made = new Argument(`[${argument.name}${argument.variadic ? "..." : ""}]`, argument.description);
    command.addArgument(made);
  }
  for (const [key, option] of Object.entries(spec.options)) command.addOption(commanderOption(key, option));
  addGlobals(command, new Set(Object.entries(spec.options).flatMap(([key, option]) => [key, option.short ?? key])));
}

/** `[OPTIONS] [NAME...]`, arguments in capitals. */
export function usageOf(spec: CommandSpec): string {
  const words = spec.arguments.map((argument) => {
    const name = `${argument.name.toUpperCase()}${argument.variadic ? "..." : ""}`;
    return argument.required === false || argument.env !== undefined ? `[${name}]` : name;
  });
  return ["[OPTIONS]", ...words].join(" ");
}

/** Adds the global options but for names and letters the command has taken for itself. */
function addGlobals(command: Command, taken: ReadonlySet<string>): void {
  for (const [key, option] of Object.entries(globalOptions)) {
    if (taken.has(key)) continue;
    const { short, ...rest } = option as typeof option & { readonly short?: string };
    const made = commanderOption(key, short === undefined || taken.has(short) ? rest : { ...rest, short });
    command.addOption(made.helpGroup("Global options:"));
  }
}

function dressed(command: Command, columns: number): Command {
  const width = Math.min(columns, longestLine);
  return command
    .helpCommand(false)
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .configureOutput({
      writeOut: () => undefined,
      writeErr: () => undefined,
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({
      optionTerm: (option) => option.flags.replace(/<(.*)>/, "$1"),
      subcommandTerm: (child) => [child.name(), ...child.aliases()].join(", "),
      argumentTerm: (argument) => argument.name().toUpperCase(),
      showGlobalOptions: false,
    });
}

/** Lines inside a paragraph are joined, so that help wraps them by the terminal's width. */
export function paragraphs(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s*\n\s*/g, " "))
    .join("\n\n");
}

function examplesText(examples: readonly Example[]): string {
  return `\nExamples:\n${examples.map((example) => `  # ${example.description}\n  ${example.command}`).join("\n")}`;
}
