import type { MachineContext, MachineKey, MachineKeys } from "#machinefile/keys/machine-key.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";

/** What is written of a machine, by key. */
export type Written = Readonly<Record<string, unknown>>;

/**
 * Puts the defaults under a machine's own keys: merged maps entry by entry, everything else is replaced.
 * Keys that could not be read are simply absent.
 */
export function buildMachine(
  name: string,
  { own, shared }: { readonly own: Written; readonly shared: Written },
  keys: MachineKeys,
  environment: Variables,
): MachineSpec {
  const stopTimeout = own.stop_timeout ?? shared.stop_timeout;
  const context: MachineContext = {
    name,
    environment,
    hasRoot: own.root !== undefined,
    stopTimeout: typeof stopTimeout === "number" ? stopTimeout : undefined,
  };
  const machine: Record<string, unknown> = { name };
  for (const [key, row] of Object.entries(keys)) {
    const written = writtenValue(row, own[key], shared[key]);
    const value = row.resolve === undefined ? written : row.resolve(written, context);
    if (value !== undefined) machine[row.field] = value;
  }
  // Each row is checked against the field that it fills, and keys/machine.ts has one for every field.
  return machine as unknown as MachineSpec;
}

function writtenValue(row: MachineKey, own: unknown, shared: unknown): unknown {
  if (row.isMerged !== true || !Array.isArray(own) || !Array.isArray(shared)) return own ?? shared;
  return [...shared, ...own];
}
