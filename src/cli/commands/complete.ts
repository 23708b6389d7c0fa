import { completionSources } from "#cli/completion/sources.ts";
import { defineCommand } from "#cli/frame/command.ts";
import { write } from "#cli/frame/io.ts";
import { plainText } from "#cli/render/text.ts";

/** Milliseconds; a shell that waits longer for a TAB feels broken. */
const timeoutMs = 2000;

export const command = defineCommand({
  name: "__complete",
  summary: "Print the words a shell may complete to",
  description: `
    For completion scripts: prints one word a line, followed by a tab and a description if there is one.`,
  arguments: [
    {
      name: "kind",
      description: "what to complete",
      choices: ["machine", "image", "command", "file", "directory"],
    },
    { name: "prefix", description: "what is typed already", required: false },
  ],
  examples: [{ command: "berth __complete machine we", description: "Machines whose names start with we" }],
  async action(context, args) {
    const load = completionSources[args.kind];
    if (load === undefined) return undefined;
    const source = await load();
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
    const found = await source.complete({ ...context, signal }, args.prefix ?? "");
    const lines = found
      .filter((candidate) => candidate.word.startsWith(args.prefix ?? ""))
      .map(
        ({ word, description }) => `${plainText(word)}${description ? `\t${plainText(description)}` : ""}\n`,
      );
    await write(context.io.stdout, lines.join(""));
    return undefined;
  },
});
