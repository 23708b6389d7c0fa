import {
  type CommandGroup,
  type CommandSpec,
  isGroup,
  type Registry,
  type RegistryEntry,
} from "./command.ts";
import { globalsBeside } from "./global-options.ts";
import type { ArgumentSpec, OptionSpec } from "./option-spec.ts";

/** A loaded command with the words that call it; manual and completion are made from these. */
export interface CommandNode {
  /** Without `berth`; empty for berth itself. */
  readonly path: readonly string[];
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  /** Its own options, by key, without hidden ones. */
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** The global ones it takes besides. */
  readonly globals: Readonly<Record<string, OptionSpec>>;
  readonly passThrough: boolean;
  readonly children: readonly CommandNode[];
  /** Absent for berth itself. */
  readonly definition?: CommandSpec | CommandGroup;
  readonly entry?: RegistryEntry;
}

/** Loads every command but the hidden ones. */
export async function loadCommandTree(registry: Registry): Promise<CommandNode> {
  const children = await Promise.all(
    registry
      .filter((entry) => !entry.hidden)
      .map(async (entry) => ({
        ...nodeOf((await entry.load()).command, []),
        aliases: entry.aliases ?? [],
        entry,
      })),
  );
  return {
    path: [],
    aliases: [],
    summary: "",
    arguments: [],
    options: {},
    globals: globalsBeside({}),
    passThrough: false,
    children,
  };
}

/** The tree's nodes, parents first. */
export function allNodes(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.children.flatMap(allNodes)];
}

function nodeOf(definition: CommandSpec | CommandGroup, parent: readonly string[]): CommandNode {
  const path = [...parent, definition.name];
  const own = isGroup(definition) ? {} : definition.options;
  return {
    path,
    aliases: [],
    summary: definition.summary,
    arguments: isGroup(definition) ? [] : definition.arguments,
    options: Object.fromEntries(Object.entries(own).filter(([, option]) => !option.hidden)),
    globals: globalsBeside(own),
    passThrough: !isGroup(definition) && definition.passThrough,
    children: isGroup(definition) ? definition.commands.map((child) => nodeOf(child, path)) : [],
    definition,
  };
}
