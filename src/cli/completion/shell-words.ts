import type { CommandNode } from "#cli/frame/command-tree.ts";
import type { ArgumentSpec, OptionSpec } from "#cli/frame/option-spec.ts";
import { longFlag } from "#cli/frame/option-values.ts";

/** An option as a shell sees it. */
export interface ShellOption {
  /** `-i`, `--image`. */
  readonly flags: readonly string[];
  readonly spec: OptionSpec;
}

/** All options a command takes, help included. */
export function shellOptions(node: CommandNode): readonly ShellOption[] {
  const help: ShellOption = { flags: ["-h", "--help"], spec: { short: "h", description: "show this help" } };
  const version: ShellOption = {
    flags: ["-v", "--version"],
    spec: { short: "v", description: "show the version and exit" },
  };
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
