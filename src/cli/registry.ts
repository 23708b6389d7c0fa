import type { Registry } from "./command.ts";

/** All commands, in the order help shows them. A summary stands here again so that help loads no command. */
export const registry: Registry = [
  { name: "engine", summary: "Run berth's own Docker engine", group: "Host", load: () => import("./commands/engine.ts") },
  { name: "install", summary: "Add berth's parts to the engine", group: "Host", load: () => import("./commands/install.ts") },
  { name: "uninstall", summary: "Take berth's parts away from the engine", group: "Host", load: () => import("./commands/uninstall.ts") },
  { name: "up", summary: "Create, start or continue machines", group: "Machines", load: () => import("./commands/up.ts") },
  { name: "down", summary: "Stop and remove machines and their network", group: "Machines", load: () => import("./commands/down.ts") },
  { name: "ls", aliases: ["list", "ps"], summary: "List machines", group: "Machines", load: () => import("./commands/ls.ts") },
  {
    name: "completion",
    summary: "Print the completion script of a shell",
    group: "Other",
    load: () => import("./commands/completion.ts"),
  },
  { name: "help", summary: "Show help for a command", group: "Other", load: () => import("./commands/help.ts") },
  { name: "man", summary: "Print the manual page", group: "Other", load: () => import("./commands/man.ts") },
  { name: "version", summary: "Show the version", group: "Other", load: () => import("./commands/version.ts") },
  {
    name: "__complete",
    summary: "Print the words a shell may complete to",
    group: "Other",
    hidden: true,
    load: () => import("./commands/complete.ts"),
  },
];
