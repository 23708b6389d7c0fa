import { defineCommand } from "#cli/frame/command.ts";
import { version, versionLine } from "#cli/version.ts";

export const command = defineCommand({
  name: "version",
  summary: "Show the version",
  description: "Shows the version of berth. With --json also the platform it was built for.",
  examples: [
    { command: "berth version", description: "Show the version" },
    { command: "berth version --json", description: "The same for a script" },
  ],
  async action(context) {
    const facts = { version, platform: `${process.platform}/${process.arch}` };
    await context.result(facts, versionLine);
    return undefined;
  },
});
