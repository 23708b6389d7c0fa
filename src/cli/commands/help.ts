import { defineCommand } from "#cli/frame/command.ts";
import { write } from "#cli/frame/io.ts";
import { helpText } from "#cli/frame/parse.ts";

export const command = defineCommand({
  name: "help",
  summary: "Show help for a command",
  description: `
    Shows what a command does, its arguments, its options and examples: the same as COMMAND --help.`,
  arguments: [
    {
      name: "command",
      description: "command; all commands by default",
      required: false,
      variadic: true,
      completes: "command",
    },
  ],
  examples: [
    { command: "berth help", description: "List all commands" },
    { command: "berth help completion", description: "Help for one of them" },
  ],
  async action({ io, registry }, args) {
    await write(io.stdout, await helpText(args.command, io.columns(), registry));
    return undefined;
  },
});
