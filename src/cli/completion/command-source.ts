import type { Context } from "#cli/frame/context.ts";
import type { Candidate } from "./sources.ts";

/** The names of berth's own commands. */
export async function complete(context: Context): Promise<readonly Candidate[]> {
  return context.registry
    .filter((entry) => !entry.hidden)
    .map((entry) => ({ word: entry.name, description: entry.summary }));
}
