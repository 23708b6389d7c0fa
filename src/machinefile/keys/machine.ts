import type { MachineSpec } from "#machinefile/machine.ts";
import { blockIoKeys } from "./block-io.ts";
import { confinementKeys } from "./confinement.ts";
import { lifeKeys } from "./life.ts";
import { limitKeys } from "./limits.ts";
import type { MachineKeys } from "./machine-key.ts";
import { originKeys } from "./origin.ts";
import { reachKeys } from "./reach.ts";
import { storageKeys } from "./storage.ts";

/** Every key of a machine. */
export const machineKeys = {
  ...originKeys,
  ...reachKeys,
  ...confinementKeys,
  ...limitKeys,
  ...blockIoKeys,
  ...storageKeys,
  ...lifeKeys,
} satisfies MachineKeys;

type Rows = typeof machineKeys;
type Unfilled = Exclude<keyof MachineSpec, "name" | Rows[keyof Rows]["field"]>;

/** Does not compile where MachineSpec has a field that no key fills. */
true satisfies [Unfilled] extends [never] ? true : Unfilled;

/** Those of the keys that may stand under `defaults`. */
export function sharedKeys(keys: MachineKeys): MachineKeys {
  return Object.fromEntries(Object.entries(keys).filter(([, key]) => key.isOwn !== true));
}
