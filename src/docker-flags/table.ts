import { clientFlags } from "./client-flags.ts";
import type { Flag } from "./flag.ts";
import { generalFlags } from "./general-flags.ts";
import { networkFlags } from "./network-flags.ts";
import { resourceFlags } from "./resource-flags.ts";
import { securityFlags } from "./security-flags.ts";
import { storageFlags } from "./storage-flags.ts";

const flags = [
  ...generalFlags,
  ...securityFlags,
  ...resourceFlags,
  ...networkFlags,
  ...storageFlags,
  ...clientFlags,
];

const byName: ReadonlyMap<string, Flag> = new Map(
  flags.flatMap((flag) =>
    [flag.name, flag.formerly].flatMap((name) => (name === undefined ? [] : [[name, flag] as const])),
  ),
);
const byLetter: ReadonlyMap<string, Flag> = new Map(
  flags.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag] as const])),
);

/**
 * Every flag of `docker run`, from Docker 20.10 to 29, by its name without the dashes; also those that are
 * refused.
 */
export function flagNamed(name: string): Flag | undefined {
  return byName.get(name);
}

export function flagOfLetter(letter: string): Flag | undefined {
  return byLetter.get(letter);
}

/** The names of those that can be given. */
export function givableNames(): readonly string[] {
  const refused = new Set(clientFlags.map(({ name }) => name));
  return flags.map(({ name }) => name).filter((name) => !refused.has(name));
}
