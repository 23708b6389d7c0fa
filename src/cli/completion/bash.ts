import { allNodes, type CommandNode } from "#cli/frame/command-tree.ts";
import { quoted } from "#cli/render/shell-word.ts";
import { fillTemplate } from "#linux/shell-template.ts";
import template from "./berth.bash" with { type: "text" };
import { kindOfValue, shellOptions } from "./shell-words.ts";

/**
 * The completion script for bash 4 and later; needs no bash-completion package. The line is split at white
 * space and not taken from COMP_WORDS, which bash also splits at = and : (`--image=debian:12`); what stands
 * before the last of these is taken off the replies again, for readline replaces only what comes after it.
 */
export function renderBash(root: CommandNode): string {
  return fillTemplate(template, { COMMANDS: allNodes(root).map(facts).join("") });
}

/**
 * One branch of the table. Lists are words divided by spaces; `values` has `FLAG=KIND`, `kinds` a kind per
 * argument, `*` for the rest.
 */
function facts(node: CommandNode): string {
  const options = shellOptions(node);
  const values = options.flatMap(({ flags, spec }) =>
    spec.value ? flags.map((flag) => `${flag}=${kindOfValue(spec)}`) : [],
  );
  const kinds = node.arguments.map((argument) => `${kindOfValue(argument)}${argument.variadic ? "*" : ""}`);
  const subs = node.children.flatMap((child) => [child.path.at(-1) ?? "", ...child.aliases]);
  const lists = {
    subs: subs.join(" "),
    flags: options.flatMap((option) => option.flags).join(" "),
    values: values.join(" "),
    kinds: kinds.join(" "),
    through: node.passThrough ? "1" : "",
  };
  const settings = Object.entries(lists)
    .filter(([, list]) => list !== "")
    .map(([name, list]) => `${name}=${quoted(list)}`);
  const body = settings.map((setting) => `      ${setting}\n`).join("");
  return `    ${pathsOf(node).map(quoted).join(" | ")})\n${body}      ;;\n`;
}

/** The words that lead to a command, with its aliases. Only top commands have any. */
function pathsOf(node: CommandNode): readonly string[] {
  const parent = node.path.slice(0, -1);
  return [node.path.join(" "), ...node.aliases.map((alias) => [...parent, alias].join(" "))];
}
