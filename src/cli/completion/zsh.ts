import type { CommandNode } from "#cli/frame/command-tree.ts";
import { quoted } from "#cli/render/shell-word.ts";
import { fillTemplate } from "#linux/shell-template.ts";
import template from "./berth.zsh" with { type: "text" };
import { kindOfValue, type ShellOption, shellOptions } from "./shell-words.ts";

/** The completion function for zsh (zshcompsys(1)): one function of `_arguments` per command. */
export function renderZsh(root: CommandNode): string {
  return fillTemplate(template, { FUNCTIONS: `${functions(root)}\n` });
}

function functions(node: CommandNode): string {
  const own = node.children.length > 0 ? group(node) : leaf(node);
  return [...node.children.map(functions), own].join("\n");
}

function functionName(path: readonly string[]): string {
  return ["_berth", ...path].join("_").replaceAll("-", "_");
}

function leaf(node: CommandNode): string {
  const specs = node.arguments.map((argument, at) => {
    const place = argument.variadic ? "*" : String(at + 1);
    const optional = argument.required === false && !argument.variadic ? ":" : "";
    return quoted(`${place}:${optional}${escaped(argument.description)}:${action(kindOfValue(argument))}`);
  });
  // -A: no options after the first argument where they belong to the command run inside.
  const flags = node.passThrough ? "-s -S -A '-*'" : "-s -S";
  return body(
    node.path,
    [`_arguments ${flags}`, ...shellOptions(node).flatMap(optionSpecs), ...specs].join(" \\\n    "),
  );
}

function group(node: CommandNode): string {
  const names = node.children.flatMap((child) =>
    [child.path.at(-1) ?? "", ...child.aliases].map((name) => ({ name, child })),
  );
  const listed = names.map(({ name, child }) => `      ${quoted(`${name}:${child.summary}`)}`).join("\n");
  const cases = names.map(({ name, child }) => `      ${name}) ${functionName(child.path)} ;;`).join("\n");
  const call = [
    "_arguments -C -s -S",
    ...shellOptions(node).flatMap(optionSpecs),
    "'1: :->command'",
    "'*:: :->rest'",
  ].join(" \\\n    ");
  const program = node.path.length === 0 ? "local berth_program=$words[1]\n  " : "";
  return body(
    node.path,
    `${program}local curcontext=$curcontext state line
  ${call} && return
  case $state in
    command)
      local -a commands=(
${listed}
      )
      _describe -t commands command commands ;;
    rest)
      case $line[1] in
${cases}
      esac ;;
  esac`,
  );
}

function body(path: readonly string[], text: string): string {
  return `${functionName(path)}() {\n  ${text}\n}\n`;
}

function optionSpecs({ flags, spec }: ShellOption): readonly string[] {
  const exclusive = spec.repeat ? "*" : `(${flags.join(" ")})`;
  const value = spec.value ? `:${escaped(spec.value)}:${action(kindOfValue(spec))}` : "";
  return flags.map((flag) => {
    const equals = spec.value && flag.startsWith("--") ? "=" : spec.value ? "+" : "";
    return quoted(`${exclusive}${flag}${equals}[${escaped(spec.description)}]${value}`);
  });
}

function action(kind: string): string {
  if (kind.startsWith("choice:")) return `(${kind.slice(7).replaceAll(",", " ")})`;
  if (kind === "file") return "_files";
  if (kind === "directory") return "_files -/";
  // After a space it is called with these words alone; else _arguments puts some of compadd's before them.
  return kind === "none" ? " " : ` _berth_ask ${kind}`;
}

function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}
