import { Argument, Command } from "commander";
import {
  type CommandGroup,
  type CommandSpec,
  type Example,
  helpGroups,
  isGroup,
  type Registry,
} from "./command.ts";
import { globalsBeside } from "./global-options.ts";
import { globalHeading, layoutHelp } from "./help-layout.ts";
import { commanderOption } from "./option-values.ts";

/** The commander command that was recognised, with the definition it was made from. */
export interface Chosen {
  readonly spec: CommandSpec;
  readonly command: Command;
}

const longestLine = 100;

/** Where help goes, and how wide it may be. */
export interface HelpOutput {
  readonly columns: number;
  readonly write: (text: string) => void;
}

/** The top command. Its children are names only: each is loaded when it is called. */
export function buildRoot(registry: Registry, output: HelpOutput): Command {
  const root = dressed(new Command("berth"), output)
    .usage("[OPTIONS] COMMAND")
    .description("Run whole Linux machines on Docker.")
    .enablePositionalOptions();
  addGlobals(root, {});
  root.option("-v, --version", "show the version and exit");
  const shown = registry.filter((entry) => !entry.hidden);
  for (const group of helpGroups) {
    for (const entry of shown.filter((one) => one.group === group)) {
      const child = root.command(entry.name).summary(entry.summary).helpGroup(`${group}:`);
      if (entry.aliases) child.aliases(entry.aliases);
    }
  }
  for (const entry of registry.filter((one) => one.hidden)) root.command(entry.name, { hidden: true });
  root.addHelpText(
    "after",
    "\n'berth COMMAND --help' says more about a command, 'berth man' prints the manual.",
  );
  return root;
}

/** A loaded command or group, complete; calls `choose` with the command that the words name. */
export function buildCommand(
  definition: CommandSpec | CommandGroup,
  parentPath: string,
  output: HelpOutput,
  choose: (chosen: Chosen) => void,
): Command {
  const path = `${parentPath} ${definition.name}`;
  const command = dressed(new Command(path), output)
    .description(paragraphs(definition.description))
    .summary(definition.summary);
  if (isGroup(definition)) {
    command.usage(usageOf(definition)).enablePositionalOptions();
    addGlobals(command, {});
    for (const spec of definition.commands) {
      const child = buildCommand(spec, path, output, choose).name(spec.name).helpGroup("Commands:");
      // A name of one word, for commander to find it by; the whole path then stands in front of the usage by
      // itself.
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
  command.usage(usageOf(spec)).passThroughOptions(spec.passThrough);
  for (const argument of spec.arguments) {
    // `parseArgument` decides whether it is missing, since its variable may stand in.
    const made = new Argument(`[${argument.name}${argument.variadic ? "..." : ""}]`, argument.description);
    command.addArgument(made);
  }
  for (const [key, option] of Object.entries(spec.options)) {
    command.addOption(commanderOption(key, option));
    const { short: _short, ...earlier } = option;
    for (const name of option.formerly ?? [])
      command.addOption(commanderOption(name, { ...earlier, hidden: true }));
  }
  addGlobals(command, spec.options);
}

/** `[OPTIONS] [NAME...]`, arguments in capitals; of a group `COMMAND`. */
export function usageOf(spec: CommandSpec | CommandGroup): string {
  if (isGroup(spec)) return spec.default === undefined ? "COMMAND" : "[COMMAND]";
  const words = spec.arguments.map((argument) => {
    const name = `${argument.name.toUpperCase()}${argument.variadic ? "..." : ""}`;
    return argument.required === false || argument.env !== undefined ? `[${name}]` : name;
  });
  return ["[OPTIONS]", ...words].join(" ");
}

function addGlobals(command: Command, own: CommandSpec["options"]): void {
  for (const [key, option] of Object.entries(globalsBeside(own))) {
    command.addOption(commanderOption(key, option).helpGroup(globalHeading));
  }
}

function dressed(command: Command, output: HelpOutput): Command {
  const width = Math.min(output.columns, longestLine);
  return command
    .helpCommand(false)
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .configureOutput({
      writeOut: output.write,
      // Only help comes this way: `execute` renders errors itself.
      writeErr: output.write,
      outputError: () => undefined,
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({
      formatHelp: layoutHelp,
      optionTerm: (option) => `${option.short ? "" : "    "}${option.flags.replace(/<(.*)>/, "$1")}`,
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
    .map((paragraph) => paragraph.trim().replace(/\s*\n\s*/g, " "))
    .join("\n\n");
}

function examplesText(examples: readonly Example[]): string {
  const lines = examples.map(({ command, description }) => `  # ${description}\n  ${command}`);
  return `\nExamples:\n${lines.join("\n")}`;
}
