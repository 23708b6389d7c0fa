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
  /** Whether to ignore missing machines of the file (or, with `names`, any missing one). */
  readonly passMissing: "never" | "of-file" | "always";
}

const makeThem = "`berth up` creates the machines of the file that are missing";

/**
 * The machines a command works on: the named ones, with `all` every one, else those of the machine file.
 * Where there is a machine file, a name never selects a machine of another file. Throws `usage` for names
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
  if (missing.length > 0) context.note(`not found: ${missing.join(", ")}`);
  return machines;
}

/** Names and --all contradict each other. */
export function bothError(): BerthError {
  return new BerthError("usage", "--all and names cannot be combined", { hint: "Give one of the two." });
}

/** The existing machines of the machine file; one of another file with the same name does not count. */
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
  if (absent.length > 0) context.note(`not found: ${[...missing, ...others.map(whose)].join(", ")}`);
  return own;
}

/** The machine file's fleet. Throws `usage` where there is none. */
function fleetHere(context: Context): Fleet {
  const fleet = findFleet(context);
  if (fleet !== undefined) return fleet;
  throw noMachinesGiven("give the names of machines; `berth ls` lists them");
}

/** For a command line that selects no machines. */
export function noMachinesGiven(hint: string): BerthError {
  return new BerthError("usage", "no machines given, and no berth.yaml in this directory or above", { hint });
}

/**
 * Ignores, with a note, a machine file that other users may write to: where the user names machines, it
 * neither decides anything nor stops the command.
 */
export function passUntrusted<T>(context: Context, find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (!hasCode(error, "file-untrusted")) throw error;
    context.note(`${error.message}: ignored`);
    return undefined;
  }
}

/**
 * Throws `conflict` for machines of another file if this directory has a file, which the names may have
 * meant.
 */
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

/** A sentence that names a machine's owner. */
export function whose({ name, owner }: Machine): string {
  const whoseFile = owner === undefined ? "an earlier berth, which recorded no file" : describeOwner(owner);
  return `${name} is a machine of ${whoseFile}`;
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
