import { allNodes, type CommandNode } from "#cli/frame/command-tree.ts";
import { kindOfValue, shellOptions } from "./shell-words.ts";

/**
 * The completion script for fish 3: a condition on the words so far, then what may come (complete(1) of
 * fish).
 */
export function renderFish(root: CommandNode): string {
  return `# fish completion for berth; made by "berth completion fish"
set -g __berth_commands ${allNodes(root).slice(1).flatMap(pathsOf).map(quote).join(" ")}
set -g __berth_values ${valueFlags(root).map(quote).join(" ")}

# True when the command so far is the given one.
function __berth_at
    set -l path
    # A variable, since a command substitution that says nothing is no word at all.
    set -l here ''
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
        else if string match -q -- '-*' $word
            contains -- "$here|$word" $__berth_values; and set skip 1
        else if contains -- (string join ' ' $path $word) $__berth_commands
            set path $path $word
            set here (string join ' ' $path)
        else
            break
        end
    end
    test "$here" = "$argv[1]"
end

function __berth_ask
    berth __complete $argv[1] (commandline -ct) 2>/dev/null
end

complete -c berth -f
${allNodes(root).map(lines).join("")}`;
}

function lines(node: CommandNode): string {
  return pathsOf(node)
    .map((path) => {
      const here = `complete -c berth -n ${quote(`__berth_at ${quote(path)}`)}`;
      const options = shellOptions(node).map(({ flags, spec }) => {
        const names = flags.map((flag) =>
          flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        return `${here} ${names.join(" ")}${spec.value ? value(kindOfValue(spec)) : ""} -d ${quote(spec.description)}\n`;
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

/** `PATH|FLAG` of every option with a value, whose next word is no argument. */
function valueFlags(root: CommandNode): readonly string[] {
  return allNodes(root).flatMap((node) =>
    pathsOf(node).flatMap((path) =>
      shellOptions(node).flatMap(({ flags, spec }) =>
        spec.value ? flags.map((flag) => `${path}|${flag}`) : [],
      ),
    ),
  );
}

/** An option's value: files are offered where they may be one, such as a root's tarball. */
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
