import { suggest } from "#suggest.ts";
import { usageError } from "#usage.ts";

/** What labels of a service's container may begin with: the two that are met in the wild, and berth's own. */
const prefixes = ["foreign-root.", "real.", "berth.loader."] as const;

/** Every key, and the other names it has had. */
const names = {
  root: ["folder"],
  image: [],
  command: ["entrypoint"],
  arguments: ["cmd"],
  volumes: [],
  tmpfs: [],
  publish: [],
  environment: ["env"],
  capabilities: ["cap-add"],
  profile: [],
  ids: [],
  lxcfs: [],
  hostname: [],
  "stop-signal": [],
  "stop-timeout": [],
  cpus: [],
  "cpuset-cpus": ["cpuset"],
  memory: [],
  "memory-swap": [],
  pids: [],
  args: [],
  machine: [],
} as const satisfies Record<string, readonly string[]>;

export type LoaderKey = keyof typeof names;

/**
 * A label that is meant for the loader: its key, and for one variable of the environment also that variable's
 * name.
 */
export interface LoaderLabel {
  /** As it is written, for messages. */
  readonly label: string;
  readonly key: LoaderKey;
  readonly variable?: string;
  readonly value: string;
}

const keyOf: ReadonlyMap<string, LoaderKey> = new Map(
  Object.entries(names).flatMap(([key, others]) => [key, ...others].map((name) => [name, key as LoaderKey])),
);

/** What a container's labels say under a key, by any of its names; undefined without one. */
export function labelOf(labels: Readonly<Record<string, string>>, key: LoaderKey): string | undefined {
  return Object.entries(labels).find(([label]) => keyOf.get(withoutPrefix(label) ?? "") === key)?.[1];
}

/** Whether a container's labels ask for a loader: they name a root or an image to run. */
export function asksForLoader(labels: Readonly<Record<string, string>>): boolean {
  return labelOf(labels, "root") !== undefined || labelOf(labels, "image") !== undefined;
}

/**
 * Those of a container's labels that are the loader's. berth's own for the loader's image is none of them.
 * Throws `usage` for a key that is not known: passed over, it would leave a machine other than its owner
 * believes.
 */
export function readLabel(label: string, value: string): LoaderLabel | undefined {
  const name = withoutPrefix(label);
  if (name === undefined || label === imageLabel) return undefined;
  const variable = /^(?:env|environment)\.(.+)$/.exec(name)?.[1];
  if (variable !== undefined) return { label, key: "environment", variable, value };
  const key = keyOf.get(name);
  if (key === undefined) {
    throw usageError(`the label ${label} is not known`, suggest(name, keyOf.keys()));
  }
  return { label, key, value };
}

/** On the loader's image: berth's version. */
export const imageLabel = "berth.loader.version";

function withoutPrefix(label: string): string | undefined {
  const prefix = prefixes.find((candidate) => label.startsWith(candidate));
  return prefix === undefined ? undefined : label.slice(prefix.length);
}
