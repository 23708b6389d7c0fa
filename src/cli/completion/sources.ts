import type { CommandContext } from "#cli/frame/command.ts";
import type { CompletionHint } from "#cli/frame/option-spec.ts";
import type { Candidate } from "./candidate.ts";

/**
 * Finds the words that may stand where the cursor is. `prefix` is what is there already; candidates that do
 * not start with it are dropped afterwards. The context's signal ends after a short time, since a shell is
 * waiting.
 */
export interface CompletionSource {
  complete(context: CommandContext, prefix: string): Promise<readonly Candidate[]>;
}

/** What `berth __complete KIND` asks, by kind; files and directories are the shell's own. */
export const completionSources: Readonly<Partial<Record<CompletionHint, () => Promise<CompletionSource>>>> = {
  command: () => import("./command-source.ts"),
  machine: () => import("./machine-source.ts"),
  image: () => import("./image-source.ts"),
};
