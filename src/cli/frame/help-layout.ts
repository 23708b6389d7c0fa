import type { Command, Help } from "commander";

/** The order of help: usage, what it is, commands by group, arguments, options, then the global ones. */
export function layoutHelp(command: Command, helper: Help): string {
  const width = helper.helpWidth ?? 80;
  const term = helper.padWidth(command, helper);
  const item = (name: string, description: string): string =>
    helper.formatItem(name, term, description, helper);
  const blocks: string[] = [`Usage: ${helper.commandUsage(command)}`];
  const description = helper.commandDescription(command);
  if (description !== "") blocks.push(helper.boxWrap(description, width));

  const groups = helper.groupItems([...command.commands], helper.visibleCommands(command), (child) =>
    child.helpGroup(),
  );
  for (const [heading, children] of groups) {
    if (children.length > 0)
      blocks.push(
        block(heading, children, (child) =>
          item(helper.subcommandTerm(child), helper.subcommandDescription(child)),
        ),
      );
  }
  const args = helper.visibleArguments(command);
  if (args.length > 0) {
    blocks.push(
      block("Arguments:", args, (argument) =>
        item(helper.argumentTerm(argument), helper.argumentDescription(argument)),
      ),
    );
  }
  const all = helper.visibleOptions(command);
  for (const heading of ["Options:", globalHeading]) {
    const shown = all.filter((option) => (option.helpGroupHeading ?? "Options:") === heading);
    if (shown.length > 0)
      blocks.push(
        block(heading, shown, (option) => item(helper.optionTerm(option), helper.optionDescription(option))),
      );
  }
  return `${blocks.join("\n\n")}\n`;
}

export const globalHeading = "Global options:";

function block<T>(heading: string, items: readonly T[], line: (item: T) => string): string {
  return [heading, ...items.map(line)].join("\n");
}
