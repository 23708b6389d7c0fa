/**
 * Machines in waves: each wave holds what no machine of a later wave depends on any more, so dependents stop
 * first. Within a wave they keep their order. Takes time linear in machines and dependencies.
 */
export function planWaves<M extends { readonly name: string; readonly dependsOn: readonly string[] }>(
  machines: readonly M[],
): readonly (readonly M[])[] {
  const byName = new Map(machines.map((machine) => [machine.name, machine]));
  /** How many that are in no wave yet depend on it. */
  const dependents = new Map<string, number>();
  for (const { dependsOn } of machines)
    for (const name of dependsOn) dependents.set(name, (dependents.get(name) ?? 0) + 1);
  const waveOf = new Map<string, number>();
  let count = 0;
  for (let wave = machines.filter(({ name }) => !dependents.has(name)); wave.length > 0; count++) {
    for (const { name } of wave) waveOf.set(name, count);
    const needed = wave.flatMap(({ dependsOn }) => dependsOn);
    for (const name of needed) dependents.set(name, (dependents.get(name) ?? 0) - 1);
    wave = [...new Set(needed)].flatMap((name) =>
      dependents.get(name) === 0 ? (byName.get(name) ?? []) : [],
    );
  }
  const waves: M[][] = [];
  for (const machine of machines) {
    // Labels edited by hand may hold a cycle: it goes together, with all that it depends on.
    const at = waveOf.get(machine.name) ?? count;
    waves[at] ??= [];
    waves[at].push(machine);
  }
  return waves;
}
