/**
 * Alternatives of AppArmor's globs (apparmor.d(5)) for all beginnings of paths other than these, which are of
 * letters, `_` and `/`. Also leaves out what is only the beginning of one. To be followed by `**`.
 */
export function allBut(kept: readonly string[]): string {
  const next = new Map<string, Set<string>>();
  for (const path of kept) {
    for (const [at, letter] of [...path].entries()) {
      const begun = path.slice(0, at);
      next.set(begun, (next.get(begun) ?? new Set()).add(letter));
    }
  }
  const others = [...next].map(([begun, letters]) => `${begun}[^${[...letters].sort().join("")}]`);
  return `{${others.sort().join(",")}}`;
}
