import { parseDockerFlags } from "#docker-flags/flags.ts";
import { splitList } from "#docker-flags/list.ts";
import { BerthError } from "#errors.ts";
import { parseStopSignal } from "#linux/signal.ts";
import { machineKeys } from "#machinefile/keys/machine.ts";
import { hyphened, type MachineKeys } from "#machinefile/keys/machine-key.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { type Problem, renderFault } from "#machinefile/problem.ts";
import type { ValueType } from "#machinefile/type/value-type.ts";
import { parseVariableName } from "#machinefile/value/environment.ts";
import { parseName } from "#machinefile/value/name.ts";
import { parseRootFolder } from "#machinefile/value/root-folder.ts";
import { suggestionOf } from "#usage.ts";
import { type LoaderLabel, loaderKeys, parseLoaderLabel } from "./labels.ts";
import { dropRedundant } from "./redundant-volumes.ts";
import type { LoaderSpec } from "./spec.ts";
import {
  parseArgs,
  parseAssignment,
  parseCommand,
  parseImage,
  parseLxcfs,
  parsePublishes,
  parseTmpfs,
  parseVolumes,
} from "./values.ts";

/** A label's value and its label, by key. */
type Found = ReadonlyMap<string, { readonly label: string; readonly value: string }>;

/** Runs a reading of a label; its error becomes a problem. */
type Attempt = <T>(label: string, read: () => T) => T | undefined;

/** Keys of a machine whose labels have another syntax than the file. */
const otherwise: readonly string[] = [
  "root",
  "command",
  "volumes",
  "tmpfs",
  "publish",
  "environment",
  "lxcfs",
];

/**
 * Parses the labels of a service's container. Commas separate the items of a list; quote an item that
 * contains one. Throws one `usage` error that names every invalid label.
 */
export function parseLoaderLabels(
  labels: Readonly<Record<string, string>>,
  keys: MachineKeys = machineKeys,
): LoaderSpec {
  const problems: string[] = [];
  const attempt: Attempt = (label, read) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      problems.push(`${label}: ${renderFault({ message: error.message, suggestion: suggestionOf(error) })}`);
      return undefined;
    }
  };
  const known = loaderKeys(keys);
  const written = Object.entries(labels).flatMap(
    ([label, value]) => attempt(label, () => parseLoaderLabel(label, value, known)) ?? [],
  );
  const found = collectValues(written, problems);
  const read = <T>(key: string, parse: (value: string) => T): T | undefined => {
    const one = found.get(key);
    return one === undefined ? undefined : attempt(one.label, () => parse(one.value));
  };
  const machine = parseMachineKeys(keys, found, attempt, problems);
  const flags = read("args", parseArgs) ?? parseDockerFlags([]);
  const spec: LoaderSpec = {
    ...machine,
    ...omitUndefined({
      root: read("root", parseRootFolder),
      image: read("image", parseImage),
      profile: machine.profile ?? (flags.body.HostConfig?.Privileged === true ? "privileged" : undefined),
      lxcfs: read("lxcfs", parseLxcfs),
      hostname: machine.hostname ?? (flags.body.Hostname || undefined),
      stopSignal: read("stop-signal", parseStopSignal),
      machine: read("machine", parseName),
    }),
    command: [...(read("command", parseCommand) ?? ["/sbin/init"]), ...(read("arguments", splitList) ?? [])],
    ...dropRedundant(read("volumes", parseVolumes) ?? []),
    tmpfs: read("tmpfs", parseTmpfs) ?? {},
    publish: read("publish", parsePublishes) ?? [],
    environment: Object.fromEntries([
      ...(read("environment", splitList) ?? []).flatMap((text) => {
        const assignment = attempt("environment", () => parseAssignment(text));
        return assignment === undefined ? [] : [assignment];
      }),
      ...written.flatMap(({ label, variable, value }) => {
        if (variable === undefined) return [];
        const name = attempt(label, () => parseVariableName(variable));
        return name === undefined ? [] : [[name, value] as const];
      }),
    ]),
    capabilities: [...new Set(machine.capabilities ?? [])],
    flags,
  };
  if (spec.root === undefined && spec.image === undefined && !found.has("root"))
    problems.push(
      "missing root: set the label berth.loader.root (example: /srv/mail), or foreign-root.folder",
    );
  if (problems.length > 0) {
    throw new BerthError(
      "usage",
      `invalid labels of the service:\n${problems.map((text) => `  ${text}`).join("\n")}`,
      {
        hint: "correct them: docker service update --container-label-add LABEL=VALUE SERVICE",
        details: problems,
      },
    );
  }
  return spec;
}

/** Parses the labels that have the syntax of the file, by the key's own type. */
function parseMachineKeys(
  keys: MachineKeys,
  found: Found,
  attempt: Attempt,
  problems: string[],
): Partial<LoaderSpec> {
  const fields: Record<string, unknown> = {};
  for (const [key, { field, label, type }] of Object.entries(keys)) {
    const given = found.get(hyphened(key));
    if (given === undefined || label === undefined || label.form === "flags" || otherwise.includes(key))
      continue;
    const isList = label.form === "list";
    const raw = isList ? attempt(given.label, () => splitList(given.value)) : given.value;
    if (raw === undefined) continue;
    const faults: Problem[] = [];
    const isWhole = typeof raw === "string" || raw.every((entry) => readsEntry(type, entry, faults));
    const value = isWhole ? type.read(raw, [], faults) : undefined;
    for (const fault of faults) problems.push(`${given.label}: ${renderFault(fault)}`);
    if (value !== undefined) fields[field] = value;
  }
  // Each value is of its own key's type, as in MachineSpec.
  return fields;
}

/** Whether a list may hold this entry: each fault takes its time, and a label has no longest list. */
function readsEntry(type: ValueType<unknown>, entry: string, faults: Problem[]): boolean {
  type.read([entry], [], faults);
  return faults.length === 0;
}

/** Values by key. Two labels of one key must have the same value, since neither has precedence. */
function collectValues(written: readonly LoaderLabel[], problems: string[]): Found {
  const found = new Map<string, { label: string; value: string }>();
  for (const { label, key, variable, value } of written) {
    if (variable !== undefined) continue;
    const other = found.get(key);
    if (other !== undefined && other.value !== value)
      problems.push(`${label}: conflicts with the value of ${other.label}`);
    found.set(key, { label, value });
  }
  return found;
}
