import { machineKeys } from "#machinefile/keys/machine.ts";
import { hyphened, type MachineKeys } from "#machinefile/keys/machine-key.ts";
import { suggest } from "#suggest.ts";
import { usageError } from "#usage.ts";

/** Prefixes of the loader's labels: the two in common use, and berth's own. */
const prefixes = ["foreign-root.", "real.", "berth.loader."] as const;

/** What the loader takes besides the keys of a machine, and the other names it has had. */
const ownNames = {
  image: [],
  arguments: ["cmd"],
  "stop-signal": [],
  args: [],
  machine: [],
} as const satisfies Record<string, readonly string[]>;

/** Every name of every key: of a machine those that have a label of their own, as their rows say. */
export function loaderKeys(keys: MachineKeys = machineKeys): ReadonlyMap<string, string> {
  const rows = Object.entries(keys).flatMap(([key, { label }]) =>
    label === undefined || label.form === "flags" ? [] : [[hyphened(key), label.also ?? []] as const],
  );
  return new Map(
    [...rows, ...Object.entries(ownNames)].flatMap(([key, others]) =>
      [key, ...others].map((name) => [name, key] as const),
    ),
  );
}

const realKeys = loaderKeys();

/**
 * A label that is meant for the loader: its key, and for one variable of the environment also that variable's
 * name.
 */
export interface LoaderLabel {
  /** As it is written, for messages. */
  readonly label: string;
  readonly key: string;
  readonly variable?: string;
  readonly value: string;
}

/** The value of a key in a container's labels, by any of its names; undefined without one. */
export function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.entries(labels).find(([label]) => realKeys.get(withoutPrefix(label) ?? "") === key)?.[1];
}

/** Whether a container's labels ask for a loader: they name a root or an image to run. */
export function asksForLoader(labels: Readonly<Record<string, string>>): boolean {
  return labelOf(labels, "root") !== undefined || labelOf(labels, "image") !== undefined;
}

/**
 * Parses a container's label for the loader. Undefined for other labels, and for berth's own label of the
 * loader's image. Throws `usage` for an unknown key: ignoring it would create another machine than its owner
 * expects.
 */
export function parseLoaderLabel(
  label: string,
  value: string,
  keyOf: ReadonlyMap<string, string> = realKeys,
): LoaderLabel | undefined {
  const name = withoutPrefix(label);
  if (name === undefined || label === imageLabel) return undefined;
  const variable = /^(?:env|environment)\.(.+)$/.exec(name)?.[1];
  if (variable !== undefined) return { label, key: "environment", variable, value };
  const key = keyOf.get(name);
  if (key === undefined) {
    throw usageError(`unknown label "${name}"`, suggest(name, keyOf.keys()));
  }
  return { label, key, value };
}

/** On the loader's image: berth's version. */
export const imageLabel = "berth.loader.version";

function withoutPrefix(label: string): string | undefined {
  const prefix = prefixes.find((candidate) => label.startsWith(candidate));
  return prefix === undefined ? undefined : label.slice(prefix.length);
}
