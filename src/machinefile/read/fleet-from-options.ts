import { BerthError } from "#errors.ts";
import { machineKeys } from "#machinefile/keys/machine.ts";
import type { MachineKeys } from "#machinefile/keys/machine-key.ts";
import { type FleetOption, fleetOptions } from "#machinefile/keys/option.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { type Path, renderFault } from "#machinefile/problem.ts";
import { namelessProject } from "#machinefile/project.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";
import { usageError } from "#usage.ts";
import { parseFleet } from "./fleet.ts";

/** What `berth up NAME… --image X …` was given. */
export interface FleetRequest {
  readonly names: readonly string[];
  /**
   * The value of each option that was given, by its key in a file (`memory_swap` for --memory-swap): its text
   * as it was typed, the list of a repeated one, true for a switch.
   */
  readonly values: Readonly<Record<string, OptionText | undefined>>;
}

export type OptionText = string | true | readonly string[];

/**
 * The fleet that options ask for, read by the machine file's own rules: the same machine under each name.
 * `environment` gives the values of variables passed on by name alone. Throws one `usage` error for
 * everything that is wrong.
 */
export function fleetFromOptions(
  { names, values }: FleetRequest,
  environment: Variables,
  keys: MachineKeys = machineKeys,
): Fleet {
  if (names.length === 0) throw usageError("no machines (example: berth up web --image debian-12)");
  const options = fleetOptions(keys);
  const given = options.filter(({ key }) => values[key] !== undefined);
  const isAlone = new Set(names).size === 1;
  const problems: string[] = [];
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) < index)))
    problems.push(`${name}: duplicate machine`);
  if (!isAlone)
    for (const { name } of given.filter(({ isOwn }) => isOwn))
      problems.push(`--${name}: goes with one machine, not with ${names.length}`);
  if (values.image === undefined) problems.push("--image: missing (example: --image debian-12)");
  const written = (wanted: (option: FleetOption) => boolean) =>
    Object.fromEntries(given.filter(wanted).map(({ key }) => [key, values[key]]));
  const own = isAlone ? written(({ isOwn }) => isOwn) : {};
  const shared = written(({ section, isOwn }) => section === "machine" && !isOwn);
  const reading = parseFleet(
    {
      network: written(({ section }) => section === "network"),
      // The missing image is reported above, once for all machines.
      defaults: { image: "none", ...shared },
      machines: Object.fromEntries(names.map((name) => [name, own])),
    },
    { environment, unnamed: { name: namelessProject }, keys },
  );
  for (const fault of reading.problems)
    problems.push(`${placeOf(fault.path, options)}: ${renderFault(fault)}`);
  if (problems.length > 0 || !("fleet" in reading))
    throw new BerthError("usage", problems.join("\n"), { details: problems });
  return reading.fleet;
}

/**
 * The machines and the image that `NAMES` (separated by spaces or commas) and `IMAGE` ask for where the
 * command line has none.
 */
export function namesFromEnvironment(environment: Variables): {
  readonly names: readonly string[];
  readonly image?: string;
} {
  const names = (environment.NAMES ?? "").split(/[\s,]+/).filter((name) => name !== "");
  const image = environment.IMAGE?.trim() ?? "";
  return image === "" ? { names } : { names, image };
}

/** The option, or the name, that a problem of the file in its place is about. */
function placeOf(path: Path, options: readonly FleetOption[]): string {
  const key = path[0] === "machines" ? path[2] : path[1];
  const option = options.find((one) => one.key === key);
  return option === undefined ? String(path[1] ?? "names") : `--${option.name}`;
}
