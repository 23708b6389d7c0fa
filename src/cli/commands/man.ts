import { mkdir, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { defineCommand } from "#cli/frame/command.ts";
import { allNodes, loadCommandTree } from "#cli/frame/command-tree.ts";
import { write } from "#cli/frame/io.ts";
import { renderManPage } from "#cli/man/page.ts";
import { version } from "#cli/version.ts";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";

export const command = defineCommand({
  name: "man",
  summary: "Print the manual page",
  description: `
    Prints the manual page of berth, or of one of its commands, as man(7) source.

    With --output it writes all pages into a directory instead, one file each, and creates the directory if
    needed.`,
  arguments: [
    {
      name: "command",
      description: "command; berth itself by default",
      required: false,
      variadic: true,
      completes: "command",
    },
  ],
  options: {
    output: {
      short: "o",
      value: "DIR",
      description: "write all pages into this directory",
      completes: "directory",
    },
  },
  examples: [
    { command: "berth man | man -l -", description: "Read the manual" },
    { command: "berth man --output ~/.local/share/man/man1", description: "Install all pages" },
  ],
  async action(context, args, options) {
    const nodes = allNodes(await loadCommandTree(context.registry));
    if (options.output !== undefined) {
      const directory = resolve(context.io.cwd, options.output);
      const pages = nodes.map((node) => renderManPage(node, version));
      await writePages(directory, pages);
      const files = pages.map((page) => resolve(directory, page.file));
      await context.result({ files }, () => files.map((file) => `${file}\n`).join(""));
      return undefined;
    }
    const words = args.command.join(" ");
    const node = nodes.find(({ path, aliases }) => path.join(" ") === words || aliases.includes(words));
    if (node === undefined)
      throw new BerthError("usage", `unknown command '${words}'`, { hint: "See 'berth --help'." });
    await write(context.io.stdout, renderManPage(node, version).text);
    return undefined;
  },
});

async function writePages(
  directory: string,
  pages: readonly { readonly file: string; readonly text: string }[],
): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    for (const page of pages) await writeFile(resolve(directory, page.file), page.text);
  } catch (cause) {
    const disk = hasErrno(cause, ["ENOSPC"]);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError(
      disk ? "disk-full" : "file-invalid",
      `cannot write manual pages to ${directory}: ${reason}`,
      {
        cause,
        hint: "Name a directory you may write to with --output.",
      },
    );
  }
}
