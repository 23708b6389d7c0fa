import type { Registry } from "./command.ts";

/** All commands, in the order help shows them. A summary stands here again so that help loads no command. */
export const registry: Registry = [
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
