import { allNodes, type CommandNode } from "#cli/frame/command-tree.ts";
import { fillTemplate } from "#linux/shell-template.ts";
import template from "./berth.fish" with { type: "text" };
import { kindOfValue, shellOptions } from "./shell-words.ts";

/**
 * The completion script for fish 3: a condition on the words so far, then what may come (complete(1) of
 * fish).
 */
export function renderFish(root: CommandNode): string {
  return fillTemplate(template, {
    COMMANDS: allNodes(root).slice(1).flatMap(pathsOf).map(quote).join(" "),
    VALUES: valueFlags(root).map(quote).join(" "),
    LINES: allNodes(root).map(lines).join(""),
  });
}

function lines(node: CommandNode): string {
  return pathsOf(node)
    .map((path) => {
      const here = `complete -c berth -n ${quote(`__berth_at ${quote(path)}`)}`;
      const options = shellOptions(node).map(({ flags, spec }) => {
        const names = flags.map((flag) =>
          flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const values = spec.value ? value(kindOfValue(spec)) : "";
        return `${here} ${names.join(" ")}${values} -d ${quote(spec.description)}\n`;
      });
      const children = node.children.map(
        (child) => `${here} -a ${quote(child.path.at(-1) ?? "")} -d ${quote(child.summary)}\n`,
      );
      const kinds = new Set(node.arguments.map(kindOfValue).filter((kind) => kind !== "none"));
      return [...children, ...[...kinds].map((kind) => `${here}${words(kind)}\n`), ...options].join("");
    })
    .join("");
}

function pathsOf(node: CommandNode): readonly string[] {
  return [node.path.join(" "), ...node.aliases];
}

/** `PATH|FLAG` of every option with a value: the next word is that value. */
function valueFlags(root: CommandNode): readonly string[] {
  return allNodes(root).flatMap((node) =>
    pathsOf(node).flatMap((path) =>
      shellOptions(node).flatMap(({ flags, spec }) =>
        spec.value ? flags.map((flag) => `${path}|${flag}`) : [],
      ),
    ),
  );
}

/** An option's value: also files, where the value may be one (example: a tarball). */
function value(kind: string): string {
  return `${kind === "file" || kind === "image" ? " -r" : " -x"}${words(kind)}`;
}

function words(kind: string): string {
  if (kind.startsWith("choice:")) return ` -a ${quote(kind.slice(7).replaceAll(",", " "))}`;
  if (kind === "file") return " -F";
  if (kind === "directory") return " -a '(__fish_complete_directories)'";
  return kind === "none" ? "" : ` -a '(__berth_ask ${kind})'`;
}

/** Single quotes of fish: only \\ and ' are special inside. */
function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
