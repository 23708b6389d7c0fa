import { BerthError } from "#errors.ts";
import type { Fleet, MachineSpec } from "#machinefile/machine.ts";

/**
 * The file's machines by their names. Throws `not-found` for a name among those asked for that it does not
 * have.
 */
export function machinesByName(fleet: Fleet, names: readonly string[]): ReadonlyMap<string, MachineSpec> {
  const byName = new Map(fleet.machines.map((machine) => [machine.name, machine]));
  const unknown = names.filter((name) => !byName.has(name));
  if (unknown.length === 0) return byName;
  throw new BerthError("not-found", `no such machine in the file: ${unknown.join(", ")}`, {
    hint: `it has: ${[...byName.keys()].join(", ")}`,
  });
}
