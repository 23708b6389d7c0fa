import type { Engine } from "../engine/engine.ts";
import { BerthError, hasCode } from "../errors.ts";
import { findMachines, listMachines, type Machine } from "../ops/machines.ts";
import { label } from "../plan/labels.ts";
import type { Context } from "./context.ts";
import { namesOrFleet } from "./fleet-file.ts";

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
 * The machines a command works on: the named ones, with `all` every one, else those of the machine file. Throws `usage`
 * for names and `all` together, `not-found` and `not-ours` before anything is done to any.
 */
export async function chooseMachines(context: Context, engine: Engine, choice: MachineChoice): Promise<readonly Machine[]> {
  const { all, passMissing } = choice;
  if (all) {
    if (choice.names.length > 0) throw new BerthError("usage", "--all and names do not go together", { hint: "Give one of the two." });
    // A label alone may have come with an image: a machine bears its own name in it.
    return (await listMachines(engine, context.signal)).filter((machine) => machine.labels[label.machine] === machine.name);
  }
  const names = [...new Set(namesOrFleet(context, choice.names))];
  const mayMiss = passMissing === "always" || (passMissing === "of-file" && choice.names.length === 0);
  try {
    return await findMachines(engine, names, context.signal);
  } catch (error) {
    if (!hasCode(error, "not-found") || !Array.isArray(error.details)) throw error;
    if (!mayMiss)
      throw choice.names.length > 0
        ? error
        : new BerthError(error.code, error.message, { hint: makeThem, details: error.details, cause: error });
    const missing: readonly unknown[] = error.details;
    context.note(`not there: ${missing.join(", ")}`);
    return await findMachines(
      engine,
      names.filter((name) => !missing.includes(name)),
      context.signal,
    );
  }
}
