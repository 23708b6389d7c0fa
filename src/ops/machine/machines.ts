import type { ContainerSummary } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listContainers } from "#engine/containers.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import { containerName, type Machine, machineOf } from "#plan/machine/machine.ts";
import { suggest } from "#suggest.ts";
import { ownContainers } from "./own-containers.ts";

/**
 * All machines of the engine, by name: one call, however many there are, and one for each of their images.
 */
export async function listMachines(engine: Engine, signal?: AbortSignal): Promise<readonly Machine[]> {
  return (await machineContainers(engine, signal)).map(machineOf).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The containers that are machines. */
export async function machineContainers(
  engine: Engine,
  signal?: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  const containers = await listContainers(engine, {
    all: true,
    filters: { label: [label.machine] },
    ...(signal && { signal }),
  });
  return await ownContainers(engine, containers, label.machine, signal);
}

/**
 * The machines of these names, in this order. Throws `not-found` naming all that are missing, and `not-ours`
 * for containers that berth did not make: they are never touched.
 */
export async function findMachines(
  engine: Engine,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Machine[]> {
  const containers = await listContainers(engine, { all: true, ...(signal && { signal }) });
  const byName = new Map(containers.map((container) => [containerName(container), container]));
  const machines = await ownContainers(engine, containers, label.machine, signal);
  const missing = names.filter((name) => !byName.has(name));
  if (missing.length > 0) {
    const known = machines.map(containerName);
    const nearest = suggest(missing[0] ?? "", known);
    const renamed = containers.find((container) => missing.includes(container.Labels[label.machine] ?? ""));
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
    throw new BerthError("not-ours", `not a machine of berth: ${names.join(", ")}`, {
      hint: (renamed && renameBack(renamed, byName)) ?? "use docker for containers that berth did not make",
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
    return `the container ${name} bears the label of a machine ${machine}, and another has that name: use docker for it`;
  return `the container ${name} bears the label of a machine ${machine}: if it was renamed, \`docker rename ${name} ${machine}\` brings it back`;
}

export async function findMachine(engine: Engine, name: string, signal?: AbortSignal): Promise<Machine> {
  const [machine] = await findMachines(engine, [name], signal);
  if (machine === undefined) throw new BerthError("not-found", `no such machine: ${name}`);
  return machine;
}
