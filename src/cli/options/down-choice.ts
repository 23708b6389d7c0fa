import type { Context } from "#cli/frame/context.ts";
import { BerthError } from "#errors.ts";
import { isThere } from "#host/files/path-steps.ts";
import { claimOf } from "#labels/owner.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { usageError } from "#usage.ts";
import { findFleet } from "./fleet-file.ts";
import { bothError, noMachinesGiven, passUntrusted, whose } from "./machine-choice.ts";

export interface DownRequest {
  readonly names: readonly string[];
  readonly domain: string | undefined;
  readonly all: boolean;
}

export interface DownChoice {
  readonly machines: readonly Machine[];
  /** Machines of other files that have a name of this machine file. */
  readonly others: readonly Machine[];
  /** Domains whose networks to remove, besides those of the machines. */
  readonly domains: readonly string[] | "all";
}

/**
 * Which of an engine's machines `down` removes: with `all` every one; else those of the machine file, or with
 * `domain` or without a file those that no file made; of these the named ones. Ignores names that do not
 * exist, and where names are given also a file that other users may write to. Throws `usage` where nothing
 * selects machines; the returned function throws `conflict` for a named machine that another file made.
 */
export function chooseToRemove(
  context: Context,
  { names, domain, all }: DownRequest,
): (there: readonly Machine[]) => DownChoice {
  if (all) {
    if (names.length > 0) throw bothError();
    if (domain !== undefined) throw usageError("--all and --domain cannot be combined");
    return (machines) => ({ machines, others: [], domains: "all" });
  }
  const find = () => (domain === undefined ? findFleet(context) : undefined);
  const fleet = names.length === 0 ? find() : passUntrusted(context, find);
  const wanted = names.length > 0 ? names : fleet?.machines.map(({ name }) => name);
  if (wanted === undefined && domain === undefined) {
    throw noMachinesGiven(
      "give the names of machines, or --all for every machine of the engine; `berth ls` lists them",
    );
  }
  const isOwn = (machine: Machine) =>
    fleet === undefined ? machine.owner?.file === undefined : claimOf(fleet, machine, isThere) !== "stranger";
  return (there) => {
    const meant = there.filter(
      ({ name, network }) => (wanted?.includes(name) ?? true) && (domain === undefined || network === domain),
    );
    const others = meant.filter((machine) => !isOwn(machine));
    const named = others.find(({ name }) => names.includes(name));
    if (named !== undefined) throw ofAnother(named);
    return { machines: meant.filter(isOwn), others, domains: [fleet?.network.domain ?? domain ?? []].flat() };
  };
}

function ofAnother(machine: Machine): BerthError {
  const { name, owner } = machine;
  const file = owner?.file;
  const hint =
    file !== undefined && isThere(file)
      ? `name its own file: berth --file ${file} down ${name}`
      : `remove it alone: berth rm -f ${name}`;
  return new BerthError("conflict", whose(machine), { hint, details: { name, owner } });
}
