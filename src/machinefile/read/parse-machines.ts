import type { MachineKeys } from "#machinefile/keys/machine-key.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { type Problem, problem } from "#machinefile/problem.ts";
import { parseFields, parseMap } from "#machinefile/type/map.ts";
import { attempt } from "#machinefile/type/value-type.ts";
import { parseName } from "#machinefile/value/name.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";
import { mostExpanded, textSize } from "#machinefile/yaml/yaml-bounds.ts";
import { buildMachine, type Written } from "./build-machine.ts";

/** The machines as plain data, and what they are read by. */
interface MachinesSource {
  readonly written: Readonly<Record<string, unknown>>;
  /** The defaults as plain data, and what of them could be read. */
  readonly rawDefaults: unknown;
  readonly shared: Written;
  readonly keys: MachineKeys;
  readonly environment: Variables;
}

/** `isWhole` is false where they come to too much, which no check goes on from. */
interface MachinesReading {
  /** What each has of its own. */
  readonly own: ReadonlyMap<string, Written>;
  readonly machines: readonly MachineSpec[];
  readonly isWhole: boolean;
}

/** Reads every machine, each with what it has of the defaults. */
export function parseMachines(source: MachinesSource, problems: Problem[]): MachinesReading {
  const { keys, shared, rawDefaults, environment } = source;
  const own = new Map<string, Written>();
  const sharedSizes = new Map(Object.entries(shared).map(([key, value]) => [key, sizeOf(value)]));
  const machines: MachineSpec[] = [];
  let size = 0;
  for (const [name, value] of Object.entries(source.written)) {
    const path = ["machines", name];
    attempt(parseName, name, path, problems, "key");
    const map = parseMap(value, path, problems);
    const written = map ?? {};
    const fields = parseFields(keys, written, path, problems);
    own.set(name, fields);
    if (map !== undefined && !hasImage(map, rawDefaults))
      problems.push(problem(path, "missing image (example: image: debian-12; here or under defaults)"));
    // One that is written but cannot be read does not fall back to the default.
    const inherited = Object.fromEntries(
      Object.entries(shared).filter(([key]) => keys[key]?.isMerged === true || !(key in written)),
    );
    for (const item of Object.values(fields)) size += sizeOf(item);
    for (const key of Object.keys(inherited)) size += sharedSizes.get(key) ?? 0;
    if (size > mostExpanded) {
      const message = `machines too large, each with its defaults: up to here ${mostExpanded} values`;
      problems.unshift(problem(path, message, undefined, "key"));
      return { own, machines, isWhole: false };
    }
    machines.push(buildMachine(name, { own: fields, shared: inherited }, keys, environment));
  }
  return { own, machines, isWhole: true };
}

/** How much the values of some keys are: an entry of a list counts as one, and a long text more. */
function sizeOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return textSize(value);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + sizeOf(item), 0);
  return Object.values(value).reduce((sum: number, item) => sum + sizeOf(item) - 1, 1);
}

function hasImage(machine: Written, defaults: unknown): boolean {
  const isDefault = typeof defaults === "object" && defaults !== null && "image" in defaults;
  return "image" in machine || "root" in machine || isDefault;
}
