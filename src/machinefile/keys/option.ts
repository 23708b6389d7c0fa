import { hyphened, type KeyOption, type MachineKey, type MachineKeys } from "./machine-key.ts";
import { networkKeys } from "./network.ts";

/** An option of `berth up` that replaces a key without a file. */
export interface FleetOption extends KeyOption {
  readonly key: string;
  /** Where the key stands in a file. */
  readonly section: "network" | "machine";
  /** Its long name, without dashes. */
  readonly name: string;
  readonly choices?: readonly string[];
  /** Goes with one machine. */
  readonly isOwn: boolean;
}

/** The options for the keys of a machine and its network that have one, in the order of the reference. */
export function fleetOptions(keys: MachineKeys): readonly FleetOption[] {
  return [...optionsOf("machine", keys), ...optionsOf("network", networkKeys)];
}

type OptionalRow = Pick<MachineKey, "type" | "option" | "isOwn">;

function optionsOf(
  section: FleetOption["section"],
  keys: Readonly<Record<string, OptionalRow>>,
): readonly FleetOption[] {
  return Object.entries(keys).flatMap(([key, { option, type, isOwn = false }]) => {
    if (option === undefined) return [];
    const choices = type.choices === undefined ? {} : { choices: type.choices };
    return [{ ...option, key, section, isOwn, name: option.name ?? hyphened(key), ...choices }];
  });
}
