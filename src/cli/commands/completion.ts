import { renderBash } from "#cli/completion/bash.ts";
import { renderFish } from "#cli/completion/fish.ts";
import { renderZsh } from "#cli/completion/zsh.ts";
import { defineCommand } from "#cli/frame/command.ts";
import { loadCommandTree } from "#cli/frame/command-tree.ts";
import { write } from "#cli/frame/io.ts";

export const command = defineCommand({
  name: "completion",
  summary: "Print the completion script of a shell",
  description: `
    Prints a script that completes berth's commands and options in a shell. It asks berth for the names of
    machines and images.

    Put it where the shell looks for such scripts: for bash ~/.local/share/bash-completion/completions/berth,
    for zsh a file _berth in a directory of $fpath, for fish ~/.config/fish/completions/berth.fish.`,
  arguments: [{ name: "shell", description: "the shell", choices: ["bash", "zsh", "fish"] }],
  examples: [
    { command: 'eval "$(berth completion bash)"', description: "Complete in this bash from now on" },
    {
      command: "berth completion fish > ~/.config/fish/completions/berth.fish",
      description: "Complete in every fish",
    },
  ],
  async action({ io, registry }, args) {
    const render = { bash: renderBash, zsh: renderZsh, fish: renderFish }[args.shell];
    await write(io.stdout, render(await loadCommandTree(registry)));
    return undefined;
  },
});
