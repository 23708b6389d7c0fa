import type { ArgumentSpec, OptionSpec } from "../command.ts";
import type { CommandNode } from "../command-tree.ts";
import { longFlag } from "../option-values.ts";
import { plainText } from "../render/text.ts";

/** An option as a shell sees it. */
export interface ShellOption {
  /** `-i`, `--image`. */
  readonly flags: readonly string[];
  readonly spec: OptionSpec;
}

/** All options a command takes, help included. */
export function shellOptions(node: CommandNode): readonly ShellOption[] {
  const help: ShellOption = { flags: ["-h", "--help"], spec: { short: "h", description: "show this help" } };
  const version: ShellOption = { flags: ["-v", "--version"], spec: { short: "v", description: "show the version and exit" } };
  const given = Object.entries({ ...node.options, ...node.globals }).map(([key, spec]) => ({
    flags: [...(spec.short ? [`-${spec.short}`] : []), longFlag(key)],
    spec,
  }));
  return [...given, help, ...(node.path.length === 0 ? [version] : [])];
}

/** What completes a value: `choice:a,b`, a kind of `CompletionHint`, or `none`. */
export function kindOfValue(spec: OptionSpec | ArgumentSpec): string {
  return spec.choices ? `choice:${spec.choices.join(",")}` : (spec.completes ?? "none");
}

/** A word in single quotes of POSIX shells. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A word for a shell that a terminal shows as it is: what is not seen, or would do something to the terminal, by its bytes, as
 * dollar-single-quotes have them (POSIX.1-2024, Shell Command Language, 2.2.4; bash, zsh, ksh).
 */
export function shownWord(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  if (plainText(text) === text) return quoted(text);
  const shown = [...text].map((sign) => (plainText(sign) === sign && !/['\\]/.test(sign) ? sign : escapedBytes(sign)));
  return `$'${shown.join("")}'`;
}

const escapedBytes = (sign: string) => [...Buffer.from(sign)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
