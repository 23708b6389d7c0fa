import type { ContainerSummary } from "#api/container.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import { suggest } from "#suggest.ts";
import { containerName, type Machine, machineOf } from "./machine.ts";

/** All containers of an engine, and those among them that are machines. */
export interface ListedContainers {
  readonly all: readonly ContainerSummary[];
  readonly machines: readonly ContainerSummary[];
}

/**
 * The machines of these names, in this order. Throws `not-found` naming all that are missing, and `not-ours`
 * for containers that berth did not make: they are never touched.
 */
export function chooseMachines(
  names: readonly string[],
  { all, machines }: ListedContainers,
): readonly Machine[] {
  const byName = new Map(all.map((container) => [containerName(container), container]));
  const missing = names.filter((name) => !byName.has(name));
  if (missing.length > 0) {
    const known = machines.map(containerName);
    const nearest = suggest(missing[0] ?? "", known);
    const renamed = all.find((container) => missing.includes(container.Labels[label.machine] ?? ""));
    throw new BerthError("not-found", `no such machine: ${missing.join(", ")}`, {
      hint:
        (renamed && renameBack(renamed, byName)) ??
        (nearest === undefined ? "`berth ls` shows all machines" : `did you mean ${nearest}?`),
      details: missing,
    });
  }
  const own = new Map(machines.map((container) => [container.Id, container]));
  const found = names.flatMap((name) => byName.get(name) ?? []);
  const foreign = found.filter(({ Id }) => !own.has(Id));
  if (foreign.length > 0) {
    const names = foreign.map(containerName);
    const renamed = foreign.find(
      (container) => ![undefined, containerName(container)].includes(container.Labels[label.machine]),
    );
    throw new BerthError("not-ours", `container not created by berth: ${names.join(", ")}`, {
      hint: (renamed && renameBack(renamed, byName)) ?? "use docker for containers not created by berth",
      details: names,
    });
  }
  return found.map((container) => machineOf(own.get(container.Id) ?? container));
}

/**
 * What brings a machine back that was renamed by docker. An image may have brought the label along, so
 * nothing else is made of it.
 */
function renameBack(container: ContainerSummary, byName: ReadonlyMap<string, unknown>): string {
  const [name, machine = ""] = [containerName(container), container.Labels[label.machine]];
  if (byName.has(machine))
    return (
      `the container ${name} has the label of machine ${machine}, ` +
      "but another container has that name: use docker"
    );
  return (
    `the container ${name} has the label of machine ${machine}: ` +
    `if you renamed it, run \`docker rename ${name} ${machine}\``
  );
}
