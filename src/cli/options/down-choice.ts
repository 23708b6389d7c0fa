import type { Context } from "#cli/frame/context.ts";
import { BerthError } from "#errors.ts";
import { isThere } from "#host/files/path-steps.ts";
import { claimOf } from "#labels/owner.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { usageError } from "#usage.ts";
import { findFleet } from "./fleet-file.ts";
import { bothError, nobodyNamed, passUntrusted, whose } from "./machine-choice.ts";

export interface DownWish {
  readonly names: readonly string[];
  readonly domain: string | undefined;
  readonly all: boolean;
}

export interface DownChoice {
  readonly machines: readonly Machine[];
  /** Of others, though they bear a name that the machine file has. */
  readonly others: readonly Machine[];
  /** Whose networks are to go, besides those of the machines. */
  readonly domains: readonly string[] | "all";
}

/**
 * Which of an engine's machines `down` removes: every one for `all`; else those of the machine file, or with
 * `domain` or without a file those that no file made, and of them the named ones. Names that are not there
 * are no error. A file that others decide over is none where names are given. Throws `usage` where nothing
 * says which; what it returns throws `conflict` for a named machine of somebody else's.
 */
export function chooseToRemove(
  context: Context,
  { names, domain, all }: DownWish,
): (there: readonly Machine[]) => DownChoice {
  if (all) {
    if (names.length > 0) throw bothError();
    if (domain !== undefined) throw usageError("--all and --domain do not go together");
    return (machines) => ({ machines, others: [], domains: "all" });
  }
  const find = () => (domain === undefined ? findFleet(context) : undefined);
  const fleet = names.length === 0 ? find() : passUntrusted(context, find);
  const wanted = names.length > 0 ? names : fleet?.machines.map(({ name }) => name);
  if (wanted === undefined && domain === undefined) {
    throw nobodyNamed("name machines, or say --all for every machine of the engine; `berth ls` shows them");
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
      ? `say whose it is: berth --file ${file} down ${name}`
      : `remove it by itself: berth rm -f ${name}`;
  return new BerthError("conflict", whose(machine), { hint, details: { name, owner } });
}
