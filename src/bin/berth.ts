#!/usr/bin/env bun
import { basename } from "node:path";

interface Entry {
  /** `argv` without the program's and the entry's name. Resolves to the exit status. */
  main(argv: readonly string[], leave: (status: number) => never): Promise<number>;
}

/**
 * What must start within milliseconds, by first argument or as `berth-NAME`: loaded instead of the command
 * line.
 */
const entries: Readonly<Record<string, () => Promise<Entry>>> = {
  "--version": () => import("#cli/version.ts"),
  runtime: () => import("#cli/runtime.ts"),
};

// Files that root's berth writes are for others to read and never to write, whatever umask the caller has.
process.umask(process.umask() | 0o022);

const leave = (status: number): never => process.exit(status);
const words = process.argv.slice(2);
const calledAs = basename(process.argv0).replace(/^berth-/, "");
const [name = "", rest] = Object.hasOwn(entries, calledAs) ? [calledAs, words] : [words[0], words.slice(1)];
const fast = Object.hasOwn(entries, name) ? entries[name] : undefined;
if (!fast) (await import("#host/process/own-outputs.ts")).openOwnOutputs();
leave(
  fast
    ? await (await fast()).main(rest, leave)
    : await (await import("#cli/frame/main.ts")).main(words, leave),
);
