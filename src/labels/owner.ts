import type { Fleet } from "#machinefile/machine.ts";
import { domainOf, namelessProject, type Project } from "#machinefile/project.ts";
import { label } from "./machine.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * The labels that tell whose a machine or a network is. An image may bear another's, so the file's is there
 * without one, too.
 */
export function renderOwner({ name, file }: Project): Labels {
  return { [label.project]: name, [label.file]: file ?? "" };
}

/** The owner by labels; undefined if an earlier berth recorded none. */
export function ownerOf(labels: Labels): Project | undefined {
  const { [label.project]: name, [label.file]: file } = labels;
  return name === undefined ? undefined : { name, ...(file && { file }) };
}

/**
 * A fleet's claim to a machine with one of its names. `heir`: the file that created the machine is gone, and
 * this one has the same project.
 */
export type Claim = "owner" | "heir" | "stranger";

export interface Claimed {
  readonly owner: Project | undefined;
  /** The domain it belongs to. */
  readonly network: string | undefined;
}

/**
 * Whether a machine is the fleet's: it belongs to the file that made it, whatever its name. `isThere` tells
 * whether a file is. One whose maker is not known is of who has its domain.
 */
export function claimOf(
  { project, network }: Fleet,
  machine: Claimed,
  isThere: (file: string) => boolean,
): Claim {
  const { owner } = machine;
  if (owner === undefined) {
    const isIn = (machine.network ?? network.domain) === network.domain;
    return isIn || isFormer(project, network.domain, machine) ? "owner" : "stranger";
  }
  if (owner.file === project.file) return "owner";
  const isOrphan =
    owner.file !== undefined &&
    project.file !== undefined &&
    owner.name === project.name &&
    !isThere(owner.file);
  return isOrphan ? "heir" : "stranger";
}

/**
 * The domain of a fleet's machines: its own, unless its machines are still in the former default domain of
 * all files.
 */
export function domainFor(
  { project, network, machines }: Fleet,
  there: readonly (Claimed & { readonly name: string })[],
): string {
  const { domain } = network;
  const own = there.filter(({ name }) => machines.some((machine) => machine.name === name));
  if (own.some((machine) => machine.network === domain)) return domain;
  return own.find((machine) => isFormer(project, domain, machine))?.network ?? domain;
}

/** Whether a machine is from before projects: then a file without a domain had that of all. */
function isFormer(project: Project, domain: string, { owner, network }: Claimed): boolean {
  return owner === undefined && network === domainOf(namelessProject) && domain === domainOf(project.name);
}

/** The owner, for messages. */
export function describeOwner(owner: Project): string {
  return owner.file ?? "the command line, without a machine file";
}
