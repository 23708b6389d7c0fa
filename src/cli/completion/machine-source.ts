import type { Context } from "#cli/frame/context.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { listMachines } from "#ops/machine/machines.ts";
import type { Candidate } from "./candidate.ts";

/** The engine's machines, with their state. */
export async function complete(context: Context): Promise<readonly Candidate[]> {
  const machines = await listMachines(await openContextEngine(context), context.signal);
  return machines.map(({ name, state, image }) => ({ word: name, description: `${state}, ${image}` }));
}
