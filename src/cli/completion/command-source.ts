import type { CommandContext } from "#cli/frame/command.ts";
import type { Candidate } from "./candidate.ts";

/** The names of berth's own commands. */
export async function complete(context: CommandContext): Promise<readonly Candidate[]> {
  return context.registry
    .filter((entry) => !entry.hidden)
    .map((entry) => ({ word: entry.name, description: entry.summary }));
}
