import { label, parseSpecLabel } from "#labels/machine.ts";
import { planWaves } from "./waves.ts";

/** A machine's place in an order: its turn comes when all that `after` names have had theirs. */
export interface Ordered<M> {
  readonly name: string;
  readonly machine: M;
  /** Names of machines that come before it in the list. */
  readonly after: readonly string[];
}

interface Labelled {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Those first that others of them depend on, as their labels tell. */
export function startOrder<M extends Labelled>(machines: readonly M[]): readonly Ordered<M>[] {
  const { waves, edges } = dependenciesAmong(machines);
  const ordered = waves.toReversed().flat();
  return ordered.map((machine) => ({ name: machine.name, machine, after: edges.get(machine.name) ?? [] }));
}

/** Those first that depend on others of them. */
export function stopOrder<M extends Labelled>(machines: readonly M[]): readonly Ordered<M>[] {
  const { waves, edges } = dependenciesAmong(machines);
  const dependents = new Map(machines.map(({ name }): [string, string[]] => [name, []]));
  for (const [name, dependencies] of edges)
    for (const dependency of dependencies) dependents.get(dependency)?.push(name);
  const ordered = waves.flat();
  return ordered.map((machine) => ({
    name: machine.name,
    machine,
    after: dependents.get(machine.name) ?? [],
  }));
}

/** None waits for another. */
export function anyOrder<M extends { readonly name: string }>(machines: readonly M[]): readonly Ordered<M>[] {
  return machines.map((machine) => ({ name: machine.name, machine, after: [] }));
}

/**
 * Waves, dependents first, and by name what each depends on. Machines of one cycle depend on nothing.
 */
function dependenciesAmong<M extends Labelled>(machines: readonly M[]) {
  const nodes = machines.map((machine) => ({
    name: machine.name,
    machine,
    dependsOn: dependenciesOf(machine),
  }));
  const waves = planWaves(nodes);
  const waveOf = new Map(waves.flatMap((wave, at) => wave.map(({ name }) => [name, at] as const)));
  const edges = new Map(
    nodes.map(({ name, dependsOn }) => {
      const isEarlier = (needed: string) => (waveOf.get(needed) ?? 0) > (waveOf.get(name) ?? 0);
      return [name, dependsOn.filter(isEarlier)];
    }),
  );
  return { waves: waves.map((wave) => wave.map(({ machine }) => machine)), edges };
}

/** What a machine was made to depend on. */
function dependenciesOf({ labels }: Labelled): readonly string[] {
  const list = parseSpecLabel(labels[label.spec])?.dependsOn;
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}
