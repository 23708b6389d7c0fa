/**
 * Machines in waves: each wave holds what no machine of a later wave depends on any more, so dependents stop
 * first.
 */
export function planWaves<M extends { readonly name: string; readonly dependsOn: readonly string[] }>(
  machines: readonly M[],
): readonly (readonly M[])[] {
  const waves: M[][] = [];
  let left = [...machines];
  while (left.length > 0) {
    const needed = new Set(left.flatMap((machine) => machine.dependsOn));
    const wave = left.filter((machine) => !needed.has(machine.name));
    // Labels edited by hand may hold a cycle: then they go together.
    waves.push(wave.length > 0 ? wave : left);
    left = wave.length > 0 ? left.filter((machine) => needed.has(machine.name)) : [];
  }
  return waves;
}
