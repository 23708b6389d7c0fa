import type { OptionSpec } from "#cli/frame/option-spec.ts";
import { machineKeys } from "#machinefile/keys/machine.ts";
import type { MachineKeys } from "#machinefile/keys/machine-key.ts";
import { type FleetOption, fleetOptions } from "#machinefile/keys/option.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import type { FleetRequest, OptionText } from "#machinefile/read/fleet-from-options.ts";

type Values = Readonly<Record<string, unknown>>;

/** The options that describe a fleet without a file, one for each key that has one. */
export function fleetOptionSpecs(keys: MachineKeys = machineKeys): Readonly<Record<string, OptionSpec>> {
  return Object.fromEntries(fleetOptions(keys).map((option) => [camelCase(option.name), specOf(option)]));
}

/** What was given of these options, by key. */
export function fleetOptionValues(chosen: Values, keys: MachineKeys = machineKeys): FleetRequest["values"] {
  return Object.fromEntries(
    fleetOptions(keys).map(({ key, name }) => [key, textOf(chosen[camelCase(name)])]),
  );
}

/** These options as they are typed. */
export function givenOptions(
  values: FleetRequest["values"],
  keys: MachineKeys = machineKeys,
): readonly string[] {
  return fleetOptions(keys).flatMap(({ key, name }) => (values[key] === undefined ? [] : [`--${name}`]));
}

function specOf({ short, value, repeat, description, choices, env, completes }: FleetOption): OptionSpec {
  return { description, ...omitUndefined({ short, value, repeat, choices, env, completes }) };
}

/** A switch that was not given is false, and a repeated option an empty list. */
function textOf(value: unknown): OptionText | undefined {
  if (typeof value === "string" || value === true) return value;
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
