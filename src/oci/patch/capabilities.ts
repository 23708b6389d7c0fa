import type { CapabilitySet } from "#oci/config.ts";

/**
 * Takes from each set what the contract does not grant, and adds what it grants beyond the bounding set: a
 * process of fewer capabilities than its bounding set (another user than root) keeps to them. Inheritable and
 * ambient sets are never widened.
 */
export function patchCapabilities(
  sets: Partial<Record<CapabilitySet, string[]>>,
  granted: readonly string[],
): Partial<Record<CapabilitySet, string[]>> {
  const kept = Object.entries(sets).map(([name, set]) => [
    name,
    set.filter((capability) => granted.includes(capability)),
  ]);
  return widenCapabilities(
    Object.fromEntries(kept),
    granted.filter((name) => !sets.bounding?.includes(name)),
  );
}

/** Adds these capabilities to all sets except the inheritable and ambient ones. */
export function widenCapabilities(
  sets: Partial<Record<CapabilitySet, string[]>>,
  granted: readonly string[],
): Partial<Record<CapabilitySet, string[]>> {
  const isKept = (name: string) => name === "inheritable" || name === "ambient";
  return Object.fromEntries(
    Object.entries(sets).map(([name, set]) => [
      name,
      isKept(name) ? set : [...new Set([...set, ...granted])],
    ]),
  );
}

/** The sets without these capabilities. */
export function dropCapabilities(
  sets: Partial<Record<CapabilitySet, string[]>>,
  lacking: readonly string[],
): Partial<Record<CapabilitySet, string[]>> {
  return Object.fromEntries(
    Object.entries(sets).map(([name, set]) => [
      name,
      set.filter((capability) => !lacking.includes(capability)),
    ]),
  );
}
