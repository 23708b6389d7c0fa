import type { ContainerSummary } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listContainers } from "#engine/containers.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import { chooseMachines } from "#plan/machine/choose-machines.ts";
import { type Machine, machineOf } from "#plan/machine/machine.ts";
import { unlabelledInits } from "#plan/machine/unlabelled-inits.ts";
import { ownContainers } from "./own-containers.ts";
import { readInit } from "./read-init.ts";

/**
 * All machines of the engine, by name: one call, however many there are, and one for each of their images.
 */
export async function listMachines(engine: Engine, signal?: AbortSignal): Promise<readonly Machine[]> {
  return sorted((await machineContainers(engine, signal)).map(machineOf));
}

/**
 * The same with the init of each, also where no label tells it: of such machines berth looks into each image
 * once. An init stays undefined where it cannot.
 */
export async function listMachinesWithInits(
  engine: Engine,
  cache: string,
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const all = await machineContainers(engine, signal);
  const found = new Map<string, string>();
  await Promise.all(
    unlabelledInits(all).map(async ({ containers, ...key }) => {
      const init = await readInit(engine, key, cache, signal);
      if (init !== undefined) for (const id of containers) found.set(id, init);
    }),
  );
  return sorted(
    all.map(machineOf).map((machine) => ({ ...machine, init: machine.init ?? found.get(machine.id) })),
  );
}

const sorted = (machines: readonly Machine[]) => machines.toSorted((a, b) => (a.name < b.name ? -1 : 1));

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
 * The machines of these names, in this order. Throws `not-found` with all missing names, and `not-ours` for
 * containers that berth did not create: berth never touches them.
 */
export async function findMachines(
  engine: Engine,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Machine[]> {
  const all = await listContainers(engine, { all: true, ...(signal && { signal }) });
  return chooseMachines(names, { all, machines: await ownContainers(engine, all, label.machine, signal) });
}

/** `findMachines` for one. */
export async function findMachine(engine: Engine, name: string, signal?: AbortSignal): Promise<Machine> {
  const [machine] = await findMachines(engine, [name], signal);
  if (machine === undefined) throw new BerthError("not-found", `no such machine: ${name}`);
  return machine;
}
