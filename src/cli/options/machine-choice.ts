import type { Context } from "#cli/frame/context.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError, hasCode } from "#errors.ts";
import { isThere, realPathOf, trustedUsers } from "#host/files/path-steps.ts";
import { claimOf, describeOwner } from "#labels/owner.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { findMachines, listMachines } from "#ops/machine/machines.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { findFleet, findFleetFile, locateFleetFile, withFileRead } from "./fleet-file.ts";

/** The argument of commands on several machines. */
export const machinesArgument = {
  name: "name",
  description: "machines; those of berth.yaml by default",
  required: false,
  variadic: true,
  completes: "machine",
} as const;

export const allOption = { short: "a", description: "all machines of the engine" } as const;

export interface MachineChoice {
  readonly names: readonly string[];
  readonly all: boolean;
  /** Whether machines of the file (or, with `names`, any) that are not there are passed over. */
  readonly passMissing: "never" | "of-file" | "always";
}

const makeThem = "`berth up` makes what is in the file and not there";

/**
 * The machines a command works on: the named ones, with `all` every one, else those of the machine file.
 * Where there is a machine file, machines of another one are not to be had by name. Throws `usage` for names
 * and `all` together, `not-found`, `not-ours` and `conflict` before anything is done to any.
 */
export async function chooseMachines(
  context: Context,
  engine: Engine,
  choice: MachineChoice,
): Promise<readonly Machine[]> {
  const { all, passMissing } = choice;
  if (all) {
    if (choice.names.length > 0) throw bothError();
    return await listMachines(engine, context.signal);
  }
  if (choice.names.length === 0) return await machinesOfFile(context, engine, passMissing !== "never");
  const { machines, missing } = await findThere(
    context,
    engine,
    [...new Set(choice.names)],
    passMissing === "always",
  );
  refuseOthers(context, machines);
  if (missing.length > 0) context.note(`not there: ${missing.join(", ")}`);
  return machines;
}

/** Names and --all ask for two things. */
export function bothError(): BerthError {
  return new BerthError("usage", "--all and names do not go together", { hint: "Give one of the two." });
}

/** Those of the machine file that are there; a machine of another file that has the same name is not. */
async function machinesOfFile(
  context: Context,
  engine: Engine,
  mayMiss: boolean,
): Promise<readonly Machine[]> {
  const fleet = fleetHere(await withFileRead(context));
  const names = fleet.machines.flatMap(({ name, root }) => (root === undefined ? [name] : []));
  const { machines, missing } = await findThere(context, engine, names, true);
  const own = machines.filter((machine) => claimOf(fleet, machine, isThere) !== "stranger");
  const others = machines.filter((machine) => !own.includes(machine));
  const absent = [...missing, ...others.map(({ name }) => name)];
  if (absent.length > 0 && !mayMiss) {
    throw new BerthError(
      "not-found",
      [`no such machine: ${absent.join(", ")}`, ...others.map(whose)].join("; "),
      {
        hint: makeThem,
        details: absent,
      },
    );
  }
  if (absent.length > 0) context.note(`not there: ${[...missing, ...others.map(whose)].join(", ")}`);
  return own;
}

/** The machine file's fleet. Throws `usage` where there is none. */
function fleetHere(context: Context): Fleet {
  const fleet = findFleet(context);
  if (fleet !== undefined) return fleet;
  throw nobodyNamed("name machines; `berth ls` shows them");
}

/** Nothing says which machines are meant. */
export function nobodyNamed(hint: string): BerthError {
  return new BerthError(
    "usage",
    "no machine is named, and there is no berth.yaml here or in a directory above",
    { hint },
  );
}

/**
 * What is found of the machine file by who has named machines; of a file that others decide over nothing,
 * which is said: it decides nothing then, and stops nobody.
 */
export function passUntrusted<T>(context: Context, find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (!hasCode(error, "file-untrusted")) throw error;
    context.note(`${error.message}: it is passed over`);
    return undefined;
  }
}

/** Throws `conflict` for machines of another file, where a file is here that names could have meant. */
function refuseOthers(context: Context, machines: readonly Machine[]): void {
  const path = locateFleetFile(context);
  const here = path === undefined ? undefined : realPathOf(path, trustedUsers(context.io.env));
  if (here === undefined) return;
  const other = machines.find(
    ({ owner }) => owner?.file !== undefined && owner.file !== here && isThere(owner.file),
  );
  if (other === undefined || passUntrusted(context, () => findFleetFile(context)) === undefined) return;
  throw new BerthError("conflict", whose(other), {
    hint: `the machine file here is ${path}; name that one: --file ${other.owner?.file}`,
  });
}

/** Whose a machine is, in a sentence. */
export function whose({ name, owner }: Machine): string {
  return `${name} is a machine of ${owner === undefined ? "an earlier berth, which noted no file" : describeOwner(owner)}`;
}

async function findThere(context: Context, engine: Engine, names: readonly string[], mayMiss: boolean) {
  try {
    return { machines: await findMachines(engine, names, context.signal), missing: [] };
  } catch (error) {
    if (!mayMiss || !hasCode(error, "not-found") || !Array.isArray(error.details)) throw error;
    const missing = error.details.filter((name): name is string => typeof name === "string");
    const there = names.filter((name) => !missing.includes(name));
    return { machines: await findMachines(engine, there, context.signal), missing };
  }
}
